"""Five hundred texts that break careless programs, the same ones in each run."""

from __future__ import annotations

from itertools import product
from random import Random

MARKUP = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "'\"><svg onload=alert(1)>",
    "</textarea><b>x", "<a href='javascript:alert(1)'>x</a>", "&lt;b&gt;&amp;&#0;", "<!--", "]]>",
)  # fmt: skip
CODE = (
    "{{ 7*7 }}", "{% now 'Y' %}", "{{ user.password }}", "{% load static %}", "${7*7}", "#{7*7}",
    "%s%n%d", "{0.__class__}", "%(name)s", "'; DROP TABLE wallet_user; --", "' OR '1'='1", "\\'",
    "\\u0000", "../../etc/passwd", "=HYPERLINK(\"x\")", "@SUM(A1)", "NULL", "undefined", "0x00",
    "$(reboot)", "`id`", "|cat", "\r\nSet-Cookie: a=b", "%0d%0aX: y", "__proto__", "true", "[]",
)  # fmt: skip
SCRIPTS = (
    "مرحبا بالعالم", "שלום עולם", "สวัสดี", "Привет", "你好世界", "こんにちは", "안녕하세요", "नमस्ते",
    "ሰላም",
    "ᏣᎳᎩ", "𓀀𓁐", "𐤀𐤁", "ⵣⵓⵔ", "Ⓝⓘⓢⓢ", "𝓙𝓪𝓷𝓮", "ﬁﬂ", "ǅ", "İıßſ", "Ω≈ç√", "٠١٢٣", "０１２",
)  # fmt: skip
MARKS = (
    "\0", "a\0b", "\x1b[2J", "\x7f\x85", "\u202eevil", "\u2066x\u2069", "\u200b", "\u200d",
    "\ufeff",
    "\u00ad", "\u3164", "\u2800", "\ufffd", "\ufffe\uffff", "\U0010ffff", "\ue000", "\u0301" * 80,
    "Z" + "\u0336\u0489" * 40, "👩‍👩‍👧‍👦" * 9, "🇰🇪", "\U0001f3fb", "\u2028\u2029", "\t\n\v\f",
    "\u180e",
)  # fmt: skip
LONG = ("9" * 400, "a" * 20_000, "é" * 5_000, " " * 3_000, "<" * 2_000, "ab " * 2_000, "😀" * 1_000)
WHOLE = (*MARKUP, *CODE, *SCRIPTS, *MARKS, *LONG)


def texts(count: int = 500) -> list[str]:
    """Each alone, then pairs of them around a name."""
    pairs = [f"{one}Jane{other}" for one, other in product(WHOLE, WHOLE) if len(one + other) < 400]
    return [*WHOLE, *Random(11).sample(pairs, count - len(WHOLE))]
