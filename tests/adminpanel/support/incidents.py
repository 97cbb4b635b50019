"""Incidents: their URLs, and the data their forms send."""

from __future__ import annotations

from adminpanel.incidents import operations as incidents
from adminpanel.models import Incident

LIST = "/panel/incidents/"
OPEN = f"{LIST}open/"


def url(incident: Incident, act: str = "") -> str:
    return f"{LIST}{incident.pk}/{act and f'{act}/'}"


def last_event_id(incident: Incident) -> int:
    return incidents.last_event(incident.pk).pk


def form(act: str, incident: Incident, **values: str) -> dict[str, object]:
    return {
        f"{act}-{name}": value
        for name, value in ({"seen": last_event_id(incident)} | values).items()
    }
