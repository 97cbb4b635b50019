"""A crawl as every role: what must be so on each page that a link leads to."""

from __future__ import annotations

import pytest

from adminpanel.ledger import saved_views
from adminpanel.transactions import notes
from tests.adminpanel.support.proposals import propose
from tests.conftest import signed_in
from tests.factories import send
from tests.nissmart.support.crawl import crawl
from tests.nissmart.support.exposed import exposed
from tests.nissmart.support.safe_headers import problems
from tests.pages import htmx
from wallet.context import Context

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def test_every_page_has_safe_headers_and_keeps_names_from_translators(
    alice, bob, finance, operator, wambui
):
    record = send(alice, bob, 12_34, description="Lunch")
    propose(record, wambui)
    notes.write(Context(wambui.pk), transaction_id=record.pk, text="Shown to Alice Wanjiku")
    saved_views.save(owner_id=finance.pk, name="Shown", query="member=Alice+W")
    as_finance = signed_in(finance)
    incident = {"title": "Sent twice", "description": "Bob Otieno", "severity": "HIGH"}
    as_finance.post("/panel/incidents/open/", incident | {"transactions": record.reference})
    wrong, exposures, pages, statuses = {}, {}, set(), set()
    answers = list(crawl(alice, bob, finance, operator))
    answers += [("finance", url, as_finance.get(url)) for url in ("/panel/?by=count", "/panel/")]
    for url, part in [("/panel/ledger/?q=lunch", "ledger"), ("/panel/ledger/totals/", "totals")]:
        answers.append(("finance", f"part {part}", as_finance.get(url, headers=htmx(part))))
    for who, url, answer in answers:
        pages.add(url)
        statuses.add(answer.status_code)
        if found := problems(answer):
            wrong[who, url] = found
        if not answer.streaming and "html" in answer.headers.get("Content-Type", ""):
            exposures |= dict.fromkeys(exposed(answer.text), (who, url))
    assert not wrong
    assert not exposures
    assert statuses >= {200, 302, 303, 400, 403, 404, 405, 422}
    assert len(pages) > 60
