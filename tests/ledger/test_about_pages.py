"""Anyone can read who runs the site, where the money is, and by which rules."""

from __future__ import annotations

import pytest

from tests.pages import elements, is_whole_page, text

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

PAGES = ["/", "/help/", "/terms/", "/privacy/"]


def test_the_pages_name_the_operator_and_are_linked_in_each_footer(
    client, settings, django_assert_num_queries
):
    settings.OPERATOR_NAME = "Chama <Savings>"
    settings.LIMIT_CENTS_PER_TRANSACTION = 12_345_00
    for url in PAGES:
        # Help and terms say what goals earn, if they do.
        with django_assert_num_queries(int(url in ("/help/", "/terms/"))):
            page = client.get(url)
        assert is_whole_page(page)
        assert "Chama <Savings>" in text(page)
        links = {dict(link.attributes)["href"] for link in elements(page, "a")}
        assert {"/help/", "/fees/", "/terms/", "/privacy/", "/verify/"} <= links
    for url in ("/help/", "/terms/"):
        assert "KES 12,345.00" in text(client.get(url))


def test_the_answer_to_where_the_money_is(client, settings):
    assert "no real money moves, and none is kept" in text(client.get("/help/"))
    settings.RAIL = "mpesa"
    assert "In the M-PESA account of Nissmart, together" in text(client.get("/help/"))
    settings.MONEY_IS_AT = "a trust account at Example Bank"
    assert "Nissmart keeps it here: a trust account at Example Bank." in text(client.get("/"))
