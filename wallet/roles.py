"""The groups of staff, and what each may see."""

from django.contrib.auth.models import AnonymousUser

from wallet.models import User

FINANCE = "finance"
AUDITOR = "auditor"


def reads_panel(user: User | AnonymousUser) -> bool:
    """Only these two groups see members' money: not operators, not even superusers."""
    return is_in(user, FINANCE, AUDITOR)


def acts_on_panel(user: User | AnonymousUser) -> bool:
    """Auditors read; only finance proposes, approves, freezes, notes and resolves."""
    return is_in(user, FINANCE)


def is_in(user: User | AnonymousUser, *groups: str) -> bool:
    if not user.is_authenticated or not user.is_active:
        return False
    return user.groups.filter(name__in=groups).exists()
