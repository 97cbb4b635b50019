"""A chunked body is read up to its limit, and no further."""

from __future__ import annotations

import pytest
from django.conf import settings

from nissmart.wsgi import collect_chunks
from wallet.api.strict_json import BODY_BYTES_AT_MOST


class Endless:
    """A chunked body that never ends."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "reads to the end"
        self.given += size
        return b" " * size


@pytest.mark.parametrize("path", ["/api/deposit", "/deposit/"])
def test_stops_reading_an_endless_body_at_the_limit(path):
    environ = {"PATH_INFO": path, "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": Endless()}
    body = environ["wsgi.input"]
    collect_chunks(environ | {"wsgi.input_terminated": True})
    limit = BODY_BYTES_AT_MOST if "api" in path else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert body.given == limit + 1
