"""The jobs of the background worker, in words. `nissmart/work.py` has the jobs themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SOON, LATER = timedelta(minutes=5), timedelta(minutes=15)


class Job(NamedTuple):
    """`meanwhile` says what waits when it isn't done. After `late_after` it's late.

    Members wait for payments and messages. The other jobs share one thread with the checks of the
    books, which may take minutes.
    """

    title: str | Promise
    meanwhile: str | Promise
    late_after: timedelta = LATER


PAYOUTS_WAIT = _("Payouts wait, and members' money with them.")
MESSAGES_WAIT = _("Members don't hear of their payments, and get no codes.")

JOBS: dict[str, Job] = {
    "callbacks.apply_waiting": Job(
        _("Apply messages of rails"), _("Payments that have arrived stay pending."), SOON
    ),
    "work.confirm_due_arrivals": Job(
        _("Confirm large deposits"), _("Large deposits aren't credited."), SOON
    ),
    "payouts.end_agreed": Job(
        _("End payouts that two people judged"), _("Their payouts stay unknown."), SOON
    ),
    "work.send_due_payments": Job(_("Send payments and ask about them"), PAYOUTS_WAIT, SOON),
    "work.make_scheduled_payments": Job(
        _("Make scheduled payments"), _("Scheduled payments aren't made."), SOON
    ),
    "work.save_automatically": Job(
        _("Save automatically"), _("Rules of saving aren't followed."), SOON
    ),
    "work.pay_interest": Job(_("Pay interest"), _("Interest of the last month isn't paid."), SOON),
    "alerts.write_due": Job(_("Write messages about payments"), MESSAGES_WAIT, SOON),
    "work.send_texts": Job(_("Send SMS"), MESSAGES_WAIT, SOON),
    "work.send_mails": Job(_("Send mail"), MESSAGES_WAIT, SOON),
    "alerts.send_due": Job(_("Send alerts to the team"), _("The team isn't alerted."), SOON),
    "work.make_exports": Job(_("Make large exports"), _("Exports stay waiting.")),
    "rollups.fold_all": Job(_("Fold entries into totals"), _("Totals get slower, not wrong.")),
    "account_days.fold_all": Job(
        _("Fold entries into days of accounts"), _("Long statements get slower, not wrong.")
    ),
    "monthly.report_due": Job(
        _("Report monthly statements"), _("Members don't hear that their statement is ready.")
    ),
    "mailing.report_due": Job(_("Mail reports to staff"), _("Reports by mail don't arrive.")),
    "findings.open_for_findings": Job(
        _("Open incidents for findings of rails"), _("Findings of rails open no incident.")
    ),
    "reports.open_for_reports": Job(
        _("Open incidents for members' reports"), _("Reports of members open no incident.")
    ),
    "work.post_reversals": Job(
        _("Post approved reversals"), _("Approved reversals aren't posted.")
    ),
    "work.post_corrections": Job(
        _("Post approved adjustments"), _("Approved adjustments aren't posted.")
    ),
    "work.take_claims": Job(_("Take claims from deposits"), _("Deposits pay no claim yet.")),
    "work.end_claims": Job(_("End approved claims"), _("Deposits still pay them.")),
    "seals.seal_due": Job(_("Seal open days"), _("A rewrite of open books isn't found.")),
    "work.close_days": Job(_("Close approved days"), _("Approved days stay open.")),
    "integrity.request_if_due": Job(
        _("Request checks of the books"), _("The books aren't checked.")
    ),
    "integrity.run_next": Job(_("Check the books"), _("The books aren't checked.")),
    "work.read_statements": Job(_("Read statements"), _("Uploaded statements stay unread.")),
    "taking_in.take_in_due": Job(_("Match statements with the books"), _("Nothing is reconciled.")),
    "balances.check_due": Job(
        _("Compare balances with rails"), _("A difference with a rail stays unseen.")
    ),
    "alerts.watch": Job(_("Watch for alerts"), _("The team isn't alerted.")),
    "tidying.tidy": Job(_("Delete old rows"), _("Nothing waits, but tables grow.")),
    "granting.grant_due": Job(_("Give roles that waited"), _("New roles don't begin.")),
}


def named(code: str) -> Job:
    """The job with this code. One that another release does has only its code."""
    return JOBS.get(code) or Job(code, "")
