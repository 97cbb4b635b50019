"""What we hold about a member, as one JSON document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from ledger.models import (
    Claim,
    Goal,
    InterestPaid,
    IssuedStatement,
    Report,
    Schedule,
    Transaction,
)
from ledger.movements import Movement
from ledger.querysets import TransactionQuerySet
from wallet.models import Account, AuditEvent, User
from wallet.names import short_name

Action = AuditEvent.Action
SIGN_INS = (Action.SIGN_IN, Action.SIGN_OUT)
CHANGES = (Action.CHANGE_SECURITY, Action.FREEZE, Action.UNFREEZE)


def of(user: User) -> dict[str, Any]:
    """Everything about this member, apart from secrets and staff's notes.

    Amounts are in whole cents, times ISO 8601 with offset.
    """
    account = user.primary_account()
    return {
        "person": person(user),
        "wallet": wallet(account),
        "goals": [goal_facts(goal) for goal in Goal.objects.of_member(user.pk)],
        "interest": rows(
            InterestPaid.objects.filter(goal__account__user=user),
            *("goal", "month", "gross_cents", "tax_cents"),
        ),
        "claims_on_deposits": rows(
            Claim.objects.filter(account=account),
            *("amount_cents", "taken_cents", "state", "opened_at", "over_at"),
        ),
        "asks_for_money": rows(
            user.asks, "amount_cents", "note", "created_at", "expires_at", "withdrawn_at"
        ),
        "people_saved": people_saved(user),
        "contacts_not_verified": rows(user.claims, "value", "sent_at"),
        **signing_in(user),
        "name_requests": rows(user.name_requests, "name", "reason", "state", "asked_at"),
        "role_requests": rows(user.role_requests, "role", "state", "asked_at", "decided_at"),
        "reports": rows(Report.objects.filter(reporter=user), "reference", "reason", "text", "at"),
        "statements_issued": rows(
            IssuedStatement.objects.filter(account__user=user),
            *("account", "code", "first_day", "last_day", "issued_at"),
        ),
        "messages": rows(user.messages, "topic", "facts", "created_at", "read_at"),
        "message_choices": rows(user.message_choices, "kind", "way"),
        "scheduled_payments": [scheduled(each) for each in Schedule.objects.of_member(user.pk)],
        "transactions": list(transactions(user, account)),
    }


def person(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "shows_full_name": user.shows_full_name,
        "phone": user.phone,
        "email": user.email,
        "joined_at": user.created_at,
        "last_sign_in_at": user.last_login,
        "phone_changed_at": user.phone_changed_at,
    }


def wallet(account: Account) -> dict[str, Any]:
    return {
        "account_number": account.number,
        "currency": account.currency,
        "balance_cents": account.balance_cents,
        "is_frozen": account.is_frozen,
        "opened_at": account.created_at,
    }


def goal_facts(goal: Goal) -> dict[str, Any]:
    return {
        "name": goal.name,
        "balance_cents": goal.balance_cents,
        "target_cents": goal.target_cents,
        "target_date": goal.target_date,
        "opened_at": goal.account.created_at,
        "closed_at": goal.account.closed_at,
        "locks": rows(
            goal.locks,
            *("locked_at", "opens_at", "target_cents", "asked_at", "free_at", "ended_at"),
        ),
        "automatic": rows(goal.auto_savings, "kind", "percent", "step_cents", "paused_at"),
    }


def people_saved(user: User) -> list[dict[str, Any]]:
    found = user.favourites.order_by("pk").values_list("payee__user__name", "created_at")
    return [{"name": short_name(name), "saved_at": saved_at} for name, saved_at in found]


def signing_in(user: User) -> dict[str, Any]:
    """How, when and from where the member, or a program of theirs, signed in."""
    return {
        "two_step_sign_in": [
            {"kind": one.get_type_display(), "added_at": one.created_at}
            for one in Authenticator.objects.filter(user=user)
        ],
        "devices": rows(user.devices, "name", "ip_address", "first_used_at", "last_used_at"),
        "sessions": rows(user.sessions, "ip_address", "began_at", "used_at"),
        "sign_ins": rows(acts(user, SIGN_INS), "action", "at", "ip_address", "facts"),
        "security_changes": rows(acts(user, CHANGES), "action", "at", "ip_address", "facts"),
        "api_tokens": rows(
            user.api_tokens, "name", "created_at", "last_used_at", "expires_at", "revoked_at"
        ),
    }


def acts(user: User, actions: Sequence[AuditEvent.Action]) -> QuerySet[AuditEvent]:
    """What the member did, from the audit."""
    return AuditEvent.objects.filter(actor=user, action__in=actions)


def scheduled(schedule: Schedule) -> dict[str, Any]:
    """A scheduled payment, with its runs."""
    return {
        "to": schedule.name,
        "amount_cents": schedule.amount_cents,
        "note": schedule.note,
        "days": str(schedule.days),
        "state": schedule.state,
        "next_on": schedule.next_on,
        "runs": rows(schedule.runs, "due_on", "amount_cents", "state", "missed"),
    }


def rows(found: Any, *columns: str) -> list[dict[str, Any]]:
    """These columns of the rows of a manager or a query, oldest first."""
    return list(found.order_by("pk").values(*columns))


def records_of(user: User) -> TransactionQuerySet:
    """All their transactions, newest first."""
    own = user.accounts.values_list("pk", flat=True)
    return Transaction.objects.of_accounts(*own).for_members().order_by("-pk")


def transactions(user: User, account: Account) -> Iterator[dict[str, Any]]:
    """Each of the member's transactions, newest first, seen from their wallet."""
    for record in records_of(user):
        movement = Movement(record, account)
        attempt = record.loaded_attempt
        yield {
            "reference": record.reference,
            "type": record.type,
            "status": record.status,
            "amount_cents": record.amount_cents,
            "fee_cents": record.fee_cents,
            "is_out": record.from_account_id == account.pk,
            "other_party": movement.other_name if movement.counterparty else "",
            "goal": movement.goal.name if movement.goal else "",
            "note": record.description,
            "rail": record.rail,
            "receipt": attempt.receipt if attempt else None,
            "phone": attempt.phone if attempt else None,
            "ordered_at": record.created_at,
            "settled_at": record.settled_at,
        }
