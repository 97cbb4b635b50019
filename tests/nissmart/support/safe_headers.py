"""What is wrong with an answer that a browser may get."""

from __future__ import annotations

import re

from django.http import HttpResponse

from nissmart.headers import HEADERS

CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
INLINE = {
    "a style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "a script without a source": re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*json)[^>]*>", re.I),
    "a handler attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.I),
    "hx-on": re.compile(r"\shx-on[:-]", re.I),
    "a javascript: url": re.compile(r"(href|action|src)\s*=\s*[\"']?\s*javascript:", re.I),
    "evaluated values": re.compile(r"=[\"']js:", re.I),
    "something from elsewhere": re.compile(r"(src|href|action)=\"(https?:)?//", re.I),
}


def directives(answer: HttpResponse) -> dict[str, str]:
    parts = answer.headers["Content-Security-Policy"].split(";")
    return {name: value for name, _, value in (part.strip().partition(" ") for part in parts)}


def problems(answer: HttpResponse) -> list[str]:
    """What's wrong with this answer's headers and HTML."""
    given = answer.headers
    wrong = []
    if directives(answer) != CSP:
        wrong.append(f"CSP: {given['Content-Security-Policy']}")
    for name, value in [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", HEADERS["Permissions-Policy"]),
        ("X-Frame-Options", "DENY"),
    ]:
        if given.get(name) != value:
            wrong.append(f"{name}: {given.get(name)}")
    if not {"no-store", "private"} <= set(given.get("Cache-Control", "").split(", ")):
        wrong.append(f"Cache-Control: {given.get('Cache-Control')}")
    if not {"HX-Request", "HX-Target"} <= set(given.get("Vary", "").split(", ")):
        wrong.append(f"Vary: {given.get('Vary')}")
    wrong += [f"{name}: {value}" for name, value in given.items() if name.startswith("Access-")]
    for cookie in answer.cookies.values():
        if cookie["max-age"] == 0:
            continue
        if not (cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"):
            wrong.append(f"cookie: {cookie.OutputString()}")
    if "html" in given.get("Content-Type", ""):
        wrong += [name for name, pattern in INLINE.items() if pattern.search(answer.text)]
    return wrong
