"""What every template may ask for of the ledger."""

from django.http import HttpRequest

from ledger import rails


def rail(request: HttpRequest) -> dict[str, rails.Rail]:
    """The rail that new deposits and withdrawals take, with the words pages say about it."""
    return {"rail": rails.current()}
