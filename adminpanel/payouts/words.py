"""A payout in words for staff: its state, its steps, and who acted on it before the reader."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from adminpanel.payouts import queries
from adminpanel.timeline import Moment, short_time
from ledger import rails
from ledger.models import Approval, Attempt, Pause, Verdict
from ledger.models.attempts import BADGES as ATTEMPT_BADGES
from ledger.models.attempts import State
from ledger.payouts.leases import may_send
from ledger.payouts.operations import REFUSED, agreed_on
from ledger.status import Badge

BADGES = {
    State.HELD: Badge(gettext_lazy("Needs approval"), "wait", "clock"),
    State.READY: Badge(gettext_lazy("Approved"), "info", "clock"),
    State.SUCCEEDED: Badge(gettext_lazy("Paid"), "good", "check"),
}
READY = Badge(gettext_lazy("Not sent yet"), "info", "clock")
WAS_REFUSED = Badge(gettext_lazy("Refused"), "bad", "cross")


def badge_of(attempt: Attempt) -> Badge:
    if not attempt.is_payout:
        return attempt.badge
    if is_refused(attempt):
        return WAS_REFUSED
    if attempt.state == State.READY and not attempt.approvals_needed:
        return READY
    return BADGES.get(State(attempt.state), attempt.badge)


def is_refused(attempt: Attempt) -> bool:
    return attempt.state == State.CANCELLED and attempt.failure_code == REFUSED


def steps(attempt: Attempt) -> list[Moment]:
    """The steps of a payment, oldest first. Those still to come have no time and are last."""
    if attempt.is_payers:
        return [Moment(_("Paid to the account number"), "", attempt.sent_at), end_step(attempt)]
    done = [Moment(_("Requested"), str(attempt.transaction.created_by), attempt.created_at)]
    done += [decision_step(one) for one in attempt.approvals.all()]
    if attempt.sent_at:
        done.append(
            Moment(_("Sent to %(rail)s") % {"rail": attempt.took_rail.label}, "", attempt.sent_at)
        )
    done += [verdict_step(one) for one in attempt.verdicts.all()]
    if attempt.ended_at and not is_refused(attempt):
        done.append(end_step(attempt))
    return sorted(done, key=lambda step: step.at or attempt.created_at) + steps_to_come(attempt)


def decision_step(approval: Approval) -> Moment:
    is_bad = approval.decision == Approval.Decision.REFUSE
    label = str(Approval.Decision(approval.decision).label)
    return Moment(label, approval.person_name, approval.at, approval.reason, is_bad=is_bad)


def verdict_step(verdict: Verdict) -> Moment:
    is_paid = verdict.outcome == Verdict.Outcome.PAID
    label = _("Found: it was paid") if is_paid else _("Found: it wasn't paid")
    remark = f"{verdict.receipt}\n{verdict.evidence}".strip()
    return Moment(label, verdict.person_name, verdict.at, remark, is_bad=not is_paid)


def end_step(attempt: Attempt) -> Moment:
    is_bad = attempt.state != State.SUCCEEDED
    remark = attempt.failure_words if is_bad else attempt.receipt or ""
    return Moment(str(badge_of(attempt).word), "", attempt.ended_at, remark, is_bad=is_bad)


def steps_to_come(attempt: Attempt) -> list[Moment]:
    if attempt.has_ended:
        return []
    found = []
    if missing := max(attempt.approvals_needed - attempt.approvals_given, 0):
        found.append(Moment(ngettext("%d approval", "%d approvals", missing) % missing))
    if not attempt.sent_at:
        found.append(Moment(_("Sent to %(rail)s") % {"rail": attempt.took_rail.label}))
    paid = BADGES[State.SUCCEEDED] if attempt.is_payout else ATTEMPT_BADGES[State.SUCCEEDED]
    return [*found, Moment(str(paid.word))]


def what_happened(attempt: Attempt) -> str:
    """Who did what to this payout last, for a colleague who decides too late. May be empty."""
    if is_refused(attempt) or attempt.state in (State.READY, State.SENDING, State.SENT):
        last = attempt.approvals.order_by("pk").last()
        return decision_sentence(last) if last else ""
    if attempt.state == State.CANCELLED:
        return _("Its member cancelled it at {time}.").format(time=ended(attempt))
    if attempt.state == State.SUCCEEDED:
        return _("It was paid at {time}.").format(time=ended(attempt))
    if attempt.state == State.FAILED:
        return _("It failed at {time}. {where}").format(time=ended(attempt), where=is_back(attempt))
    return ""


def decision_sentence(approval: Approval) -> str:
    is_refusal = approval.decision == Approval.Decision.REFUSE
    sentence = (
        _("{name} refused it at {time}.") if is_refusal else _("{name} approved it at {time}.")
    )
    return sentence.format(name=approval.person_name, time=short_time(approval.at))


def is_back(attempt: Attempt) -> str:
    """Where the money of a payout is that wasn't paid."""
    if attempt.transaction.from_account_id is None:
        return _("The money is in suspense again.")
    return _("The money is back in the wallet.")


def ended(attempt: Attempt) -> str:
    assert attempt.ended_at
    return short_time(attempt.ended_at)


def after_approval(attempt: Attempt) -> str:
    """The message for the person who approved it."""
    if attempt.is_replay:
        return _("You approved this before. Nothing changed.")
    if missing := max(attempt.approvals_needed - attempt.approvals_given, 0):
        return (
            ngettext(
                "Approved. It needs %d more approval.",
                "Approved. It needs %d more approvals.",
                missing,
            )
            % missing
        )
    if any(pause.rail in ("", attempt.rail) for pause in queries.pauses_now()):
        return _("Approved. It will be sent when payouts resume.")
    if not Attempt.objects.filter(may_send(), pk=attempt.pk).exists():
        return _("Approved. It isn't sent while the wallet is frozen, on hold or closed.")
    return _("Approved. It will be sent shortly.")


def after_refusal(attempt: Attempt) -> str:
    if attempt.is_replay:
        return _("You refused this before. Nothing changed.")
    return _("Refused. {where}").format(where=is_back(attempt))


def after_verdict(attempt: Attempt) -> str:
    """The message for the person who said what became of it."""
    if attempt.state == State.SUCCEEDED:
        if not attempt.is_payout:
            return _("Two people agree. The money is in the wallet.")
        return _("Two people agree. The payout is complete.")
    if attempt.state == State.FAILED:
        if not attempt.is_payout:
            return _("Two people agree. The deposit failed, and no money moved.")
        return _("Two people agree. {where}").format(where=is_back(attempt))
    if agreed_on(attempt):
        return _("Two people agree. The rail is being asked now: its answer counts, if it has one.")
    if attempt.is_replay:
        return _("You said this before. A colleague must find out the same.")
    if attempt.verdicts.values("person").distinct().count() > 1:
        return _("Saved. You and a colleague disagree, so nothing changes until two people agree.")
    return _("Saved. Nothing changes until a colleague finds out the same.")


def after_pause(pause: Pause) -> str:
    """The message for the person who paused payouts."""
    if pause.is_replay:
        return _("You paused these payouts before. Nothing changed.")
    if not pause.rail:
        return _("All payouts are paused.")
    return _("{rail}: payouts are paused.").format(rail=rail_label(pause.rail))


def rail_label(code: str) -> str:
    """The name of a rail; its code when it isn't registered any longer."""
    return next((str(rail.label) for rail in rails.every() if rail.code == code), code)


def age(at: datetime, now: datetime | None = None) -> str:
    """`18 minutes`, `3 hours`: how long ago this was."""
    now = now or timezone.now()
    return _("under a minute") if now - at < timedelta(minutes=1) else timesince(at, now, depth=1)
