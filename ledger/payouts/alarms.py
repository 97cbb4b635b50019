"""What finance has to look at, whatever became of a payment: written down, and payouts stopped."""

from __future__ import annotations

from django.utils import timezone

from ledger.models import Attempt, RailEvent
from ledger.models.rail_events import Finding
from ledger.payouts import pauses
from ledger.rails import Alarm, Answer
from wallet.context import SYSTEM
from wallet.db.retries import committed


def raise_alarm(rail_code: str, attempt: Attempt | None, answer: Answer) -> None:
    """Tell finance what the rail says about itself, and stop payouts when it's our mistake."""
    words = f"{answer.code} {answer.words}"
    match answer.alarm:
        case Alarm.NONE:
            return
        case Alarm.STOP:
            reason = f"The rail refused our request: {words}"[:500]
            pause = pauses.pause(SYSTEM.because(reason), rail=rail_code)
            if not pause.is_replay:
                write_alarm(rail_code, attempt, Finding.STOPPED, words)
        case Alarm.FLOAT:
            write_alarm(rail_code, attempt, Finding.FLOAT_LOW, words)
        case Alarm.LOOK:
            write_alarm(rail_code, attempt, Finding.ALARM, words)


def write_finding(attempt: Attempt, kind: str, finding: Finding, body: str = "") -> RailEvent:
    return write(attempt.rail, attempt, kind, finding, body)


def write_alarm(rail_code: str, attempt: Attempt | None, finding: Finding, body: str) -> None:
    write(rail_code, attempt, "alarm", finding, body)


@committed
def write(
    rail_code: str, attempt: Attempt | None, kind: str, finding: Finding, body: str
) -> RailEvent:
    return RailEvent.objects.create(
        rail=rail_code,
        kind=kind,
        attempt=attempt,
        reference=attempt.reference if attempt else "",
        body=body.strip(),
        handled_at=timezone.now(),
        finding=finding,
    )
