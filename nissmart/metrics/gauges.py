"""Build gauges for a scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily

type Gauge = GaugeMetricFamily
type Reading = Callable[[], Iterable[Gauge]]


def gauge(name: str, meaning: str, value: float | None) -> Gauge:
    """A gauge without labels. It has no sample when the value isn't known."""
    found = GaugeMetricFamily(f"nissmart_{name}", meaning)
    if value is not None:
        found.add_metric([], value)
    return found


def by(label: str, name: str, meaning: str, values: Mapping[str, float | None]) -> Gauge:
    """A gauge with one label, and a sample for each of its values that is known."""
    found = GaugeMetricFamily(f"nissmart_{name}", meaning, labels=[label])
    for key, value in values.items():
        if value is not None:
            found.add_metric([key], value)
    return found


def age_s(since: datetime | None, now: datetime) -> float:
    """Seconds since then, and 0 for none or a time to come."""
    return max((now - since).total_seconds(), 0) if since else 0


def second(at: datetime | None) -> float | None:
    """A time as Prometheus counts it."""
    return at.timestamp() if at else None
