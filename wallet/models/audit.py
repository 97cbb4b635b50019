"""The audit: an append-only record of what staff did, of members' changes to their security, and of
access: who signed in, was refused, or read someone's data."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from wallet.models.people import User

# Access, apart from all other acts: there is far more of it (`wallet/staff/access.py`).
ACCESS = (
    *("sign_in", "sign_out", "wrong_guess", "hit_limit", "refuse_page"),
    *("open_member", "list_members"),
)


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def acts(self) -> AuditEventQuerySet:
        """Everything but access. In these words, which are the condition of an index.

        SQLite knows the condition only by the actions themselves, not by values bound to it.
        """
        return self.exclude(action__in=[Func(template=f"'{action}'") for action in ACCESS])


class AuditEvent(models.Model):
    """One action by staff, by the system on staff's work, or by members on their own security.

    Written in the same transaction as the action (`wallet/staff/audit.py`). The database refuses
    to change or delete it (`wallet/db/guards.py`). `subject` is the text of a `Subject`
    (`wallet/staff/subjects.py`), like `member 12` or `transaction NS-7K2Q9PXM`.
    """

    class Action(models.TextChoices):
        FREEZE = "freeze", _("Wallet frozen")
        UNFREEZE = "unfreeze", _("Wallet unfrozen")
        REVEAL = "reveal", _("Phone revealed")
        EXPORT = "export", _("Export")
        NOTE = "note", _("Note")
        PROPOSE = "propose", _("Reversal proposed")
        APPROVE = "approve", _("Reversal approved")
        DENY = "deny", _("Reversal denied")
        WITHDRAW = "withdraw", _("Proposal withdrawn")
        REVERSE = "reverse", _("Reversal posted")
        REFUSE = "refuse", _("Reversal refused")
        OPEN_CLAIM = "open_claim", _("Claim on later deposits")
        PROPOSE_END_CLAIM = "propose_end_claim", _("End of a claim proposed")
        APPROVE_END_CLAIM = "approve_end_claim", _("End of a claim approved")
        DENY_END_CLAIM = "deny_end_claim", _("End of a claim denied")
        WITHDRAW_END_CLAIM = "withdraw_end_claim", _("Proposal to end a claim withdrawn")
        END_CLAIM = "end_claim", _("Claim ended")
        REFUSE_END_CLAIM = "refuse_end_claim", _("End of a claim refused")
        PROPOSE_CORRECTION = "propose_correction", _("Correction proposed")
        APPROVE_CORRECTION = "approve_correction", _("Correction approved")
        DENY_CORRECTION = "deny_correction", _("Correction denied")
        WITHDRAW_CORRECTION = "withdraw_correction", _("Correction withdrawn")
        POST_CORRECTION = "post_correction", _("Correction posted")
        REFUSE_CORRECTION = "refuse_correction", _("Correction refused")
        SIGN_CLOSE = "sign_close", _("Close signed")
        APPROVE_CLOSE = "approve_close", _("Close approved")
        DENY_CLOSE = "deny_close", _("Close denied")
        WITHDRAW_CLOSE = "withdraw_close", _("Signature of a close withdrawn")
        REFUSE_CLOSE = "refuse_close", _("Close refused")
        CLOSE_BOOKS = "close_books", _("Books closed")
        REOPEN_BOOKS = "reopen_books", _("Books reopened")
        OPEN_INCIDENT = "open_incident", _("Incident opened")
        CHANGE_INCIDENT = "change_incident", _("Incident changed")
        RESOLVE_INCIDENT = "resolve_incident", _("Incident resolved")
        RUN_CHECKS = "run_checks", _("Checks asked for")
        LOOK_UP = "look_up", _("Found by phone or email")
        ADD_PERSON = "add_person", _("Person added")
        CHANGE_PERSON = "change_person", _("Person changed")
        CHANGE_GROUP = "change_group", _("Group of staff changed")
        ISSUE_TOKEN = "issue_token", _("Token issued")
        REVOKE_TOKEN = "revoke_token", _("Token revoked")
        PASSWORD_LINK = "password_link", _("Password link handed over")
        APPROVE_PAYOUT = "approve_payout", _("Payout approved")
        REFUSE_PAYOUT = "refuse_payout", _("Payout refused")
        JUDGE_PAYMENT = "judge_payment", _("Outcome of a payment found out")
        ASK_RAIL = "ask_rail", _("Rail asked about a payment")
        PAUSE_PAYOUTS = "pause_payouts", _("Payouts paused")
        PROPOSE_LIFT = "propose_lift", _("Proposed to resume payouts")
        LIFT_PAUSE = "lift_pause", _("Payouts resumed")
        CHANGE_TARIFF = "change_tariff", _("Tariff changed")
        WRITE_RATE = "write_rate", _("Interest rate written")
        APPROVE_RATE = "approve_rate", _("Interest rate approved")
        APPROVE_NAME = "approve_name", _("Name change approved")
        DENY_NAME = "deny_name", _("Name change denied")
        PROTECT_NAME = "protect_name", _("Protected names changed")
        CLOSE_ACCOUNT = "close_account", _("Account closed by its member")
        SEE_FORMER = "see_former", _("Identity of a former member read")
        REMOVE_TWO_STEP = "remove_two_step", _("Two-step sign-in removed")
        ASK_ROLE = "ask_role", _("Role requested")
        GRANT_ROLE = "grant_role", _("Role given")
        DENY_ROLE = "deny_role", _("Role denied")
        END_SESSIONS = "end_sessions", _("Sessions ended")
        SEND_AGAIN = "send_again", _("Message sent again")
        CHANGE_SECURITY = "change_security", _("Sign-in or PIN changed")
        FREEZE_OWN = "freeze_own", _("Own wallet frozen")
        UNFREEZE_OWN = "unfreeze_own", _("Own wallet unfrozen")
        PROPOSE_UNFREEZE = "propose_unfreeze", _("Proposed to unfreeze a wallet")
        DENY_UNFREEZE = "deny_unfreeze", _("Unfreezing denied")
        WITHDRAW_UNFREEZE = "withdraw_unfreeze", _("Proposal to unfreeze withdrawn")
        UPLOAD_STATEMENT = "upload_statement", _("Statement uploaded")
        IMPORT_STATEMENT = "import_statement", _("Statement imported")
        DROP_STATEMENT = "drop_statement", _("Statement dropped")
        MATCH = "match", _("Statement matched by hand")
        UNDO_MATCH = "undo_match", _("Match undone")
        OWN_MOVEMENT = "own_movement", _("Exception given to someone")
        ASK_RECEIPT = "ask_receipt", _("Rail asked about a receipt")
        SIGN_IN = "sign_in", _("Signed in")
        SIGN_OUT = "sign_out", _("Signed out")
        WRONG_GUESS = "wrong_guess", _("Wrong password or code")
        HIT_LIMIT = "hit_limit", _("Rate limit reached")
        REFUSE_PAGE = "refuse_page", _("Staff page refused")
        OPEN_MEMBER = "open_member", _("Member's page opened")
        LIST_MEMBERS = "list_members", _("Members listed by the API")

    # What members do about their own account. Everything else shows that its actor is staff.
    BY_MEMBERS = (
        *(Action.CHANGE_SECURITY, Action.FREEZE_OWN, Action.UNFREEZE_OWN),
        *(Action.CLOSE_ACCOUNT, Action.SIGN_IN, Action.SIGN_OUT, Action.WRONG_GUESS),
        *(Action.HIT_LIMIT, Action.REFUSE_PAGE),
    )
    # Without an actor, these are the acts of someone who isn't signed in, not the system's.
    BY_STRANGERS = (Action.WRONG_GUESS, Action.HIT_LIMIT)

    objects: ClassVar[AuditEventQuerySet] = AuditEventQuerySet.as_manager()  # type: ignore[assignment]

    at = models.DateTimeField(_("at"), auto_now_add=True)
    # Null means the system, or someone who isn't signed in.
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("actor"), db_index=False
    )
    # The name of staff at that time: people may change their names later. Empty for the system, for
    # events older than this column, and for members, whose name goes when they close the account.
    actor_name = models.CharField(_("name then"), max_length=80, blank=True, db_default="")
    action = models.CharField(_("action"), max_length=20, choices=Action)
    subject = models.CharField(_("subject"), max_length=60)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    ip_address = models.CharField(_("IP address"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject", "-id"], name="audit_by_subject"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["-id"], condition=~Q(action__in=ACCESS), name="audit_acts"),
        ]

    @property
    def who(self) -> str:
        """The actor's name at that time; empty for the system."""
        return self.actor_name or (self.actor.name if self.actor else "")
