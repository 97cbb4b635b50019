"""The ledger's variables in every template."""

from django.http import HttpRequest

from ledger import rails


def rail(request: HttpRequest) -> dict[str, rails.Rail]:
    """The rail of new deposits and withdrawals, with its notes for pages."""
    return {"rail": rails.current()}
