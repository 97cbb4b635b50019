"""Reading a page as its visitor does: what is in the fields, what is wrong, what it says."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpResponse
from django.test.html import Element, Parser

NO_BREAK_SPACE = "\u00a0"


def htmx(part: str | None = None, **more: str) -> dict[str, str]:
    """The headers of an htmx request whose answer replaces the element with id `part`."""
    headers = {"HX-Request": "true"} | more
    return headers | {"HX-Target": part} if part else headers


def elements(response: HttpResponse, tag: str | None = None, /, **wanted: str) -> list[Element]:
    """The page's elements of this tag whose attributes are as wanted (`class_` holds a word)."""
    return list(find(tree(response), tag, **wanted))


def tree(response: HttpResponse) -> Element:
    """The page as parsed elements; a page that is not well-formed raises."""
    if not hasattr(response, "_tree"):
        # Not `parse_html`, which strips each text, so that words beside a `bdi` would join.
        parser = Parser()
        parser.feed(response.text)
        parser.close()
        response._tree = parser.root  # type: ignore[attr-defined]
    parsed: Element = response._tree  # type: ignore[attr-defined]
    return parsed


def find(root: Element, tag: str | None = None, /, **wanted: str) -> Iterator[Element]:
    for element in walk(root):
        given = dict(element.attributes)
        classes = (given.get("class") or "").split()
        if tag and element.name != tag:
            continue
        if all(
            value in classes if key == "class_" else given.get(key) == value
            for key, value in wanted.items()
        ):
            yield element


def walk(element: Element) -> Iterator[Element]:
    yield element
    for child in element.children:
        if not isinstance(child, str):
            yield from walk(child)


def words(element: Element) -> str:
    """The text in an element, with one plain space between words."""
    return " ".join(run(element).replace(NO_BREAK_SPACE, " ").split())


def run(element: Element) -> str:
    """The text as it stands. Elements part words, but for `bdi`, which only marks some of them."""
    parts = []
    for child in element.children:
        if isinstance(child, str):
            parts.append(child)
        else:
            parts.append(run(child) if child.name == "bdi" else f" {run(child)} ")
    return "".join(parts)


def text(response: HttpResponse) -> str:
    return words(tree(response))


def title(response: HttpResponse) -> str:
    return words(elements(response, "title")[0])


def fields(response: HttpResponse) -> dict[str, str]:
    """Name and value of every input of the page's main part, as a browser would send them."""
    roots = elements(response, "main") or [tree(response)]
    given = [dict(element.attributes) for element in find(roots[0], "input")]
    return {each["name"]: each.get("value") or "" for each in given}


def key(response: HttpResponse) -> str:
    return fields(response)["idempotency_key"]


def problems(response: HttpResponse) -> list[str]:
    """The sentences of the summary on top of a refused form."""
    summaries = elements(response, "div", class_="error-summary")
    return [words(line) for summary in summaries for line in find(summary, "li")]


def problems_beside(response: HttpResponse, field: str) -> list[str]:
    """The sentences beside one field."""
    boxes = elements(response, id=f"id_{field}_error")
    return [words(line) for box in boxes for line in find(box, "p")]


def is_whole_page(response: HttpResponse) -> bool:
    return response.text.lstrip().lower().startswith("<!doctype html>")


def is_part(response: HttpResponse, part: str) -> bool:
    """Only the element with this id, which htmx swaps for the one on the page."""
    start = response.text.lstrip()
    return (
        start.startswith("<")
        and f'id="{part}"' in start[: start.index(">")]
        and "<html" not in start
        and response.text.count(f'id="{part}"') == 1
    )
