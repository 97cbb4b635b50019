"""Write a tariff: a new dated version. Earlier ones stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ledger.models import Band, Tariff
from ledger.models.tariffs import Purpose
from ledger.querysets import nairobi_day
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal
from wallet.staff import audit, subjects

PASSED = _lazy("This day has passed. Enter today or a later day.")


@committed
def publish(
    context: Context,
    *,
    purpose: Purpose,
    rail_code: str,
    type: str,
    from_date: date,
    bands: Sequence[tuple[int, int]],
) -> Tariff:
    """Write a tariff that begins on a Nairobi day, today at the earliest.

    `bands` are (from, fee) in whole cents; none at all means no fee. The context's reason is
    needed. The same again returns the same tariff, marked `is_replay`. Raises a Refusal for a day
    that has passed, two bands from one amount, and a missing reason.
    """
    today = nairobi_day()
    refuse(context, from_date, today, bands)
    found = Tariff.objects.of(purpose, rail_code, type).filter(from_date=from_date).first()
    if found and list(found.bands.values_list("from_cents", "fee_cents")) == sorted(bands):
        found.is_replay = True
        return found
    tariff = Tariff.objects.create(
        purpose=purpose.value,
        rail=rail_code,
        type=type,
        from_date=from_date,
        written_on=today,
        written_by_id=context.actor_id,
        reason=context.reason,
        band_count=len(bands),
    )
    Band.objects.bulk_create(
        Band(tariff=tariff, from_cents=start, fee_cents=fee) for start, fee in bands
    )
    record(context, tariff)
    return tariff


def refuse(
    context: Context, from_date: date, today: date, bands: Sequence[tuple[int, int]]
) -> None:
    """Raises a Refusal, as `publish` says."""
    if not context.reason:
        raise Refusal(_("Say why the tariff changes."))
    if from_date < today:
        raise Refusal(PASSED)
    if len({start for start, _fee in bands}) < len(bands):
        raise Refusal(_("Two bands begin at the same amount. Change one of them."))


def record(context: Context, tariff: Tariff) -> None:
    """Write into the audit what this tariff says. Call it in the commit that writes the tariff."""
    audit.record(
        context.because(tariff.reason),
        audit.Action.CHANGE_TARIFF,
        subjects.TARIFFS,
        tariff=tariff.pk,
        purpose=tariff.purpose,
        rail=tariff.rail,
        type=tariff.type,
        from_date=tariff.from_date.isoformat(),
        bands=[str(band) for band in tariff.bands.all()],
    )
