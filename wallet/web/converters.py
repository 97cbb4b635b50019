"""URL converters for ids."""


class IdConverter:
    """A row's id. A number too large for the database is a 404."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class AccountIdConverter(IdConverter):
    """An account's id, which is negative for a house account."""

    regex = "-?[0-9]{1,18}"
