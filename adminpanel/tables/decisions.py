"""What becomes of the rows of each table that no sweep deletes. A test asks this of every table.

`KEPT` are records, which we keep for good. `BOUNDED` can't grow without bound. A table that a
stranger's request can add rows to is swept (`tidying.py`), or says here what limits it.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

BOOKS = _("The books. Nothing in them is ever deleted.")
CLOSES = _("Closed books and their proofs.")
DECISION = _("A decision of staff, which the audit refers to.")
EVIDENCE = _("What a rail or a bank said: evidence of where money is.")
STAFF_WORK = _("The team's own work. Only staff add to it.")
MEMBERS = _("Members and what is theirs. A network may sign up only so many in an hour.")
ORDERED = _("What a member ordered, and what came of it.")
PER_MEMBER = _("A few rows for each member.")
ONE_ROW = _("One row, or one for each rail.")
BY_OPERATORS = _("Only operators add to it.")
BY_CODE = _("Filled by migrations.")
UNUSED = _("Nothing writes it.")

KEPT: dict[str, Promise] = {
    # Strangers add to these two, a few rows an hour: see wallet/staff/access.py and
    # ledger/payouts/strangers.py.
    "wallet_auditevent": _("The audit. Strangers cause a thousand rows an hour at most."),
    "ledger_railevent": _("What rails said. Strangers cause one row an hour at most."),
    "wallet_user": MEMBERS,
    "wallet_account": MEMBERS,
    "wallet_opening": MEMBERS,
    "wallet_message": _("The inbox of members."),
    "wallet_namerequest": _("Names that members asked for, one open at a time, and who decided."),
    "wallet_rolerequest": DECISION,
    "django_admin_log": _("What operators changed in Django admin."),
    "ledger_transaction": BOOKS,
    "ledger_entry": BOOKS,
    "ledger_attempt": BOOKS,
    "ledger_arrival": BOOKS,
    "ledger_interestpaid": BOOKS,
    "ledger_approval": DECISION,
    "ledger_verdict": DECISION,
    "ledger_pause": DECISION,
    "ledger_rateapproval": DECISION,
    "ledger_interestrate": DECISION,
    "ledger_tariff": DECISION,
    "ledger_band": DECISION,
    "ledger_claim": DECISION,
    "ledger_claimtaking": BOOKS,
    "ledger_seal": CLOSES,
    "adminpanel_claimending": DECISION,
    "ledger_goal": ORDERED,
    "ledger_goallock": ORDERED,
    "ledger_autosaved": ORDERED,
    "ledger_schedule": ORDERED,
    "ledger_scheduledrun": ORDERED,
    "ledger_report": ORDERED,
    "ledger_issuedreceipt": _("A code of a document must work for as long as the paper lasts."),
    "ledger_issuedstatement": _("As for receipts. Each member may make so many in an hour."),
    "ledger_close": CLOSES,
    "ledger_accountday": _("A row for each account and day with entries."),
    "ledger_dailytotal": _("A row for each day, kind and house account."),
    "adminpanel_closingproposal": DECISION,
    "adminpanel_correction": DECISION,
    "adminpanel_reversalproposal": DECISION,
    "adminpanel_unfreezing": DECISION,
    "adminpanel_statement": EVIDENCE,
    "adminpanel_statementpart": EVIDENCE,
    "adminpanel_statementline": EVIDENCE,
    "adminpanel_cutoff": EVIDENCE,
    "adminpanel_balancecheck": EVIDENCE,
    "adminpanel_movement": EVIDENCE,
    "adminpanel_match": DECISION,
    "adminpanel_matchpart": DECISION,
    "adminpanel_incident": STAFF_WORK,
    "adminpanel_incident_transactions": STAFF_WORK,
    "adminpanel_incident_rail_events": STAFF_WORK,
    "adminpanel_incident_reports": STAFF_WORK,
    "adminpanel_note": STAFF_WORK,
    "adminpanel_alert": _("What the team was alerted to: one row for each problem."),
}

BOUNDED: dict[str, Promise] = {
    "account_emailaddress": PER_MEMBER,
    "account_emailconfirmation": UNUSED,
    "mfa_authenticator": PER_MEMBER,
    "wallet_claim": PER_MEMBER,
    "wallet_pin": PER_MEMBER,
    "wallet_messagechoice": PER_MEMBER,
    "wallet_usedstep": _("A few rows for each member: the next code deletes the older ones."),
    "wallet_user_groups": BY_OPERATORS,
    "wallet_user_user_permissions": BY_OPERATORS,
    "wallet_apitoken": BY_OPERATORS,
    "wallet_protectedname": BY_OPERATORS,
    "auth_group": BY_OPERATORS,
    "auth_group_permissions": BY_OPERATORS,
    "auth_permission": BY_CODE,
    "django_content_type": BY_CODE,
    "django_migrations": BY_CODE,
    "ledger_autosaving": PER_MEMBER,
    "ledger_favourite": PER_MEMBER,
    "ledger_alertmark": ONE_ROW,
    "ledger_autosavingmark": ONE_ROW,
    "ledger_books": ONE_ROW,
    "ledger_housebalance": ONE_ROW,
    "ledger_interestmark": ONE_ROW,
    "ledger_railtoken": ONE_ROW,
    "ledger_rollupmark": ONE_ROW,
    "adminpanel_reconciledaccount": ONE_ROW,
    "adminpanel_exportpart": _("Files of exports, which go with their export."),
    "adminpanel_checkresult": _("Results of the checks, which go with their run."),
    "adminpanel_workerjob": _("A row for each job of each worker. Workers that are gone go."),
    "adminpanel_reportmail": STAFF_WORK,
    "adminpanel_savedview": STAFF_WORK,
}
