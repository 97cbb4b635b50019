"""Search a text column, ignoring case, accents and other differences in spelling.

Both engines give the same answer because both match the same regular expression. SQLite calls our
own function. It gets the folded text: passing the expression for each row took ten times as long
as matching it.
"""

from __future__ import annotations

import re
import sqlite3
from functools import lru_cache
from typing import Any

from django.db.models import BooleanField, F, Func, Q, Value

from wallet.folding import fold, pattern

FUNCTION = "text_holds"


# PostgreSQL takes seconds to compile an expression for thousands of letters.
FOLDED_AT_MOST = 300


def holds(field: str, text: str) -> Q:
    """Rows whose `field` contains this text, in any spelling.

    Text without letters or digits, such as `-`, and text that is too long to fold must match
    exactly.
    """
    wanted = fold(text)
    if not 0 < len(wanted) <= FOLDED_AT_MOST:
        return Q(**{f"{field}__contains": text})
    return Q(Holds(F(field), Value(wanted)))


class Holds(Func):
    function = FUNCTION
    output_field = BooleanField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        column, wanted = self.get_source_expressions()
        match = self.copy()
        match.set_source_expressions([column, Value(pattern(wanted.value))])
        return match.as_sql(
            compiler, connection, template="(%(expressions)s)", arg_joiner=" ~ ", **context
        )


def teach(connection: sqlite3.Connection) -> None:
    """Register the function that `Holds` calls on a new SQLite connection."""
    connection.create_function(FUNCTION, 2, text_holds, deterministic=True)


def text_holds(text: str | None, wanted: str) -> bool:
    return text is not None and compile_pattern(wanted).search(text) is not None


@lru_cache(maxsize=100)
def compile_pattern(wanted: str) -> re.Pattern[str]:
    return re.compile(pattern(wanted))
