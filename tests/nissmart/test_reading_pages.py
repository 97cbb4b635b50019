"""What tests read a page with refuses what isn't well-formed."""

import pytest

from tests.pages import find, parse


@pytest.mark.any_engine
@pytest.mark.parametrize(
    "html",
    [
        "<div></span></div>",
        "<p><div></div></p>",
        "<form><form></form></form>",
        "<ul><li></li></ul></ul>",
        "<body><p>Text</p><body></body>",
    ],
)
def test_a_page_that_is_not_well_formed_is_refused(html):
    with pytest.raises(AssertionError, match="not well-formed"):
        parse(html)


@pytest.mark.any_engine
def test_a_text_in_several_pieces_is_one():
    [paragraph] = find(parse("<p>A &amp; B&nbsp;C</p>"), "p")
    assert paragraph.children == ["A & B\u00a0C"]
