"""One member's page: its address, and a reason for what needs one."""

from __future__ import annotations

from wallet.models import User

URL = "/panel/members/"
REASON = "They called about a lost phone"


def page_of(user: User, act: str = "") -> str:
    return f"{URL}{user.pk}/{act and act + '/'}"
