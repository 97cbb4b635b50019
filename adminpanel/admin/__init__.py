"""Django admin for the team's work: read-only. People of finance act in the panel."""

from adminpanel.admin.audit import AuditEventAdmin
from adminpanel.admin.incidents import IncidentAdmin

__all__ = ["AuditEventAdmin", "IncidentAdmin"]
