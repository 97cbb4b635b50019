from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from adminpanel.guards import NOTES, STATEMENTS
from adminpanel.match_guards import MATCHING
from adminpanel.proposal_guards import PROPOSALS
from wallet.db import guards


class AdminpanelConfig(AppConfig):
    name = "adminpanel"
    verbose_name = _("Finance panel")

    def ready(self) -> None:
        guards.INSTALLED.extend([NOTES, STATEMENTS, MATCHING, PROPOSALS])
