"""Read a page as its visitor does: its text, its fields and its error messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.http import HttpResponse
from lxml import etree

NO_BREAK_SPACE = "\u00a0"
# An end without its beginning, and a second head or body (libxml2 spells it so).
NOT_WELL_FORMED = {"ERR_TAG_NAME_MISMATCH", "HTML_STRUCURE_ERROR"}


@dataclass(eq=False)
class Element:
    """An element of a page. Attributes without a value have an empty one."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element | str] = field(default_factory=list)


def htmx(part: str | None = None, **more: str) -> dict[str, str]:
    """The headers of an htmx request that replaces the element with id `part`."""
    headers = {"HX-Request": "true"} | more
    return headers | {"HX-Target": part} if part else headers


def elements(response: HttpResponse, tag: str | None = None, /, **wanted: str) -> list[Element]:
    """The page's elements with this tag and these attributes (`class_` is one of the classes)."""
    return list(find(tree(response), tag, **wanted))


def tree(response: HttpResponse) -> Element:
    """The page, parsed. Raises on a page that isn't well-formed."""
    if not hasattr(response, "_tree"):
        response._tree = parse(response.text)  # type: ignore[attr-defined]
    parsed: Element = response._tree  # type: ignore[attr-defined]
    return parsed


def parse(html: str) -> Element:
    """The root of the elements. Raises on text that isn't well-formed."""
    builder = Builder()
    # Django's HTML parser for tests is ten times slower: it took a fifth of a page's time.
    parser = etree.HTMLParser(target=builder)
    parser.feed(html)
    parser.close()
    wrong = [each for each in parser.feed_error_log if each.type_name in NOT_WELL_FORMED]
    assert not wrong, f"not well-formed: {wrong}"
    return builder.root


class Builder:
    """Takes what the parser finds."""

    def __init__(self) -> None:
        self.root = Element("root")
        self.open = [self.root]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(name, dict(attributes))
        self.open[-1].children.append(element)
        self.open.append(element)

    def end(self, _name: str) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        """The parser hands over a text in pieces, such as up to an `&` or a `<`."""
        children = self.open[-1].children
        if children and isinstance(children[-1], str):
            text = children.pop() + text
        children.append(text)

    def close(self) -> None:
        """The parser calls this at the end."""


def find(root: Element, tag: str | None = None, /, **wanted: str) -> Iterator[Element]:
    for element in walk(root):
        if tag and element.name != tag:
            continue
        given = element.attributes
        classes = given.get("class", "").split()
        if all(
            value in classes if key == "class_" else given.get(key) == value
            for key, value in wanted.items()
        ):
            yield element


def walk(root: Element) -> Iterator[Element]:
    """The element and all inside it, in the order of the page."""
    left = [root]
    while left:
        element = left.pop()
        yield element
        left += [child for child in reversed(element.children) if not isinstance(child, str)]


def words(element: Element) -> str:
    """The element's text, with one plain space between words."""
    return " ".join(raw_text(element).replace(NO_BREAK_SPACE, " ").split())


def raw_text(element: Element) -> str:
    """The element's text. Every child element but `bdi` separates words."""
    parts = []
    for child in element.children:
        if isinstance(child, str):
            parts.append(child)
        else:
            parts.append(raw_text(child) if child.name == "bdi" else f" {raw_text(child)} ")
    return "".join(parts)


def text(response: HttpResponse) -> str:
    return words(tree(response))


def title(response: HttpResponse) -> str:
    return words(elements(response, "title")[0])


def fields(response: HttpResponse) -> dict[str, str]:
    """Name and value of every input in `main`, as a browser would send them."""
    roots = elements(response, "main") or [tree(response)]
    given = [dict(element.attributes) for element in find(roots[0], "input")]
    return {each["name"]: each.get("value") or "" for each in given}


def as_read(typed: str) -> str:
    """What a browser reads where a page repeats this text."""
    return typed.replace("\0", "\ufffd").replace("\r\n", "\n").replace("\r", "\n")


def key(response: HttpResponse) -> str:
    return fields(response)["idempotency_key"]


def problems(response: HttpResponse) -> list[str]:
    """The sentences of the error summary above a form."""
    summaries = elements(response, "div", class_="error-summary")
    return [words(line) for summary in summaries for line in find(summary, "li")]


def problems_beside(response: HttpResponse, field: str) -> list[str]:
    """The error sentences beside one field."""
    boxes = elements(response, id=f"id_{field}_error")
    return [words(line) for box in boxes for line in find(box, "p")]


def is_whole_page(response: HttpResponse) -> bool:
    return response.text.lstrip().lower().startswith("<!doctype html>")


def is_part(response: HttpResponse, part: str) -> bool:
    """The answer is only the element with this id, for htmx to swap into the page."""
    start = response.text.lstrip()
    return (
        start.startswith("<")
        and f'id="{part}"' in start[: start.index(">")]
        and "<html" not in start
        and response.text.count(f'id="{part}"') == 1
    )
