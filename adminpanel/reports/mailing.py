"""Reports by mail, to staff who want them: the totals of a day, and that a month is over.

A mail has sums of the whole house and a link, and nothing about any person: mail is read by others.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from adminpanel.models import ReportMail
from adminpanel.reports import chart
from adminpanel.reports.balance import report
from adminpanel.reports.periods import month_of
from ledger.querysets import day_start, nairobi_day
from ledger.statements.period import Period
from wallet.context import Context
from wallet.db.retries import committed
from wallet.messages import Contact, contacts_of, send_text
from wallet.models import Channel, User
from wallet.money import format_amount
from wallet.staff import roles
from wallet.staff.roles import Right

Every = ReportMail.Every
# After the night, so that what was ordered before midnight has mostly settled.
SENT_FROM = timedelta(hours=7)
# In one turn, so that the worker's other jobs have theirs.
AT_MOST = 50


def choose(context: Context, every: set[str]) -> None:
    """This person gets these reports and no others, from now on. Raises NotAllowed."""
    roles.require(context.actor_id, Right.READ)
    assert context.actor_id is not None
    with transaction.atomic():
        mine = ReportMail.objects.filter(person_id=context.actor_id)
        mine.exclude(every__in=every).delete()
        for each in Every:
            if each in every:
                # Nothing about the days before.
                ReportMail.objects.get_or_create(
                    person_id=context.actor_id, every=each, defaults={"through": last_over(each)}
                )


def chosen(person: User) -> list[str]:
    mine = ReportMail.objects.filter(person=person)
    return list(mine.order_by("every").values_list("every", flat=True))


def last_over(every: str) -> date:
    """Yesterday, or the first day of last month."""
    yesterday = nairobi_day() - timedelta(days=1)
    if every == Every.DAY:
        return yesterday
    return (nairobi_day().replace(day=1) - timedelta(days=1)).replace(day=1)


def report_due() -> int:
    """Write the mails that are due. Returns how many people were looked at. Raises Busy."""
    count = 0
    for every in Every:
        while count < AT_MOST and due(every).exists() and report_one(every):
            count += 1
    return count


def due(every: str) -> QuerySet[ReportMail]:
    """Who has had no mail about the last day, or month, that is over."""
    if timezone.now() < day_start(nairobi_day()) + SENT_FROM:
        return ReportMail.objects.none()
    return ReportMail.objects.filter(every=every, through__lt=last_over(every)).order_by("pk")


@committed
def report_one(every: str) -> bool:
    """Write to one person, and note it in the same transaction. False if none is left.

    Only the last day counts: after a week without a worker there is one mail, not seven. Someone
    who may no longer read reports gets none, and isn't asked about again.
    """
    mail = due(every).select_for_update(of=("self",)).select_related("person").first()
    if mail is None:
        return False
    through = last_over(every)
    if not roles.reads_panel(mail.person):
        mail.delete()
        return True
    emails = [one for one in contacts_of(mail.person) if one.channel == Channel.EMAIL]
    for email in emails:
        write(mail.person, email, every, through)
    mail.through = through
    mail.save(update_fields=["through"])
    return True


def write(person: User, email: Contact, every: str, through: date) -> None:
    span = Period(through, through) if every == Every.DAY else month_of(through)
    subject = _("Totals of {days}").format(days=span)
    send_text(person.pk, email, subject, words(span))


def words(span: Period) -> str:
    """The sums of the house in these days, and the link to the report."""
    members = [one for one in chart.accounts() if one.house_id is None]
    found = report(members, span)
    query = urlencode({"from": str(span.first), "to": str(span.last)})
    sums = [
        _("What we owe members, {days}, in KES").format(days=span),
        "",
        _("Opening balance: {cents}").format(cents=format_amount(found.now.opening_cents)),
        *(f"{line.label}: {format_amount(line.now.cents)}" for line in found.lines),
        _("Closing balance: {cents}").format(cents=format_amount(found.now.closing_cents)),
        "",
        _("The report, after you sign in:"),
        f"{settings.SITE_URL}{reverse('adminpanel:reports')}?{query}",
        "",
        _("You asked for this mail at {url}").format(
            url=f"{settings.SITE_URL}{reverse('adminpanel:report_mails')}"
        ),
    ]
    return "\n".join(sums)
