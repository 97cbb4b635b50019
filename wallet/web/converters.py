"""Ids in addresses."""


class IdConverter:
    """A row's id: one that no database can hold is an address that does not exist."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class AccountIdConverter(IdConverter):
    """An account's id: a house account's is below zero."""

    regex = "-?[0-9]{1,18}"
