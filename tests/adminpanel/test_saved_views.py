"""Saved views of the ledger: named, private to their owner, and limited in number."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import IntegrityError, transaction

from adminpanel.ledger.saved_views import VIEWS_AT_MOST
from adminpanel.models import SavedView
from tests.conftest import signed_in, staff
from tests.pages import as_read, elements, find, htmx, is_whole_page, text, title, words
from wallet.models import AuditEvent
from wallet.staff.roles import FINANCE

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

URL = "/panel/ledger/"
SAVE = "/panel/ledger/views/"


def save(client, name="Month end", query="type=DEPOSIT&min=1", replace=None, **more):
    order = {"name": name, "query": query} | ({"replace": replace} if replace else {})
    return client.post(SAVE, order, **more)


def delete(client, view, query=""):
    return client.post(f"{SAVE}{view.pk}/delete/", {"query": query})


def saved_views(response) -> dict[str, str]:
    """Name and URL of each view in the list."""
    links = [link for menu in elements(response, "ul", class_="kept") for link in find(menu, "a")]
    return {words(link): str(dict(link.attributes)["href"]) for link in links}


def refusal(response) -> str:
    assert response.status_code == 422
    assert title(response).startswith("Error: ")
    (box,) = elements(response, id="view_name_error")
    return words(box)


def test_a_view_is_saved_and_opened(as_finance, finance):
    response = save(as_finance)
    assert response.status_code == 303
    assert response.headers["Location"] == f"{URL}?type=DEPOSIT&min=1"
    page = as_finance.get(response.headers["Location"])
    assert "View “Month end” saved." in text(page)
    assert saved_views(page) == {"Month end": f"{URL}?type=DEPOSIT&min=1"}
    opened = as_finance.get(saved_views(page)["Month end"])
    (link,) = [each for each in elements(opened, "a") if words(each) == "Month end"]
    assert dict(link.attributes)["aria-current"] == "true"
    assert SavedView.objects.get().owner == finance


def test_the_form_saves_the_filters_of_the_page(as_finance):
    page = as_finance.get(
        URL, {"type": "DEPOSIT", "cursor": "NS-00000000", "size": "100", "x": "y"}
    )
    queries = {dict(field.attributes)["value"] for field in elements(page, "input", name="query")}
    assert queries == {"type=DEPOSIT&size=100"}


def test_only_known_filters_are_saved(as_finance):
    query = "cursor=NS-00000000&type=DEPOSIT&format=csv&evil=1&columns=note&columns=time&q=&size=50"
    save(as_finance, query=query)
    assert parse_qs(SavedView.objects.get().query) == {
        "type": ["DEPOSIT"],
        "columns": ["note", "time"],
    }


def test_saving_under_the_same_name_asks_before_it_replaces(as_finance):
    save(as_finance)
    response = save(as_finance, query="status=FAILED")
    assert refusal(response) == "You already have a view with this name. Replace it?"
    (name,) = elements(response, "input", name="name")
    assert dict(name.attributes)["value"] == "Month end"
    assert SavedView.objects.get().query == "type=DEPOSIT&min=1"
    (button,) = elements(response, "button", name="replace")
    assert dict(button.attributes)["value"] == "Month end"
    response = save(as_finance, query="status=FAILED", replace="Month end")
    assert SavedView.objects.get().query == "status=FAILED"
    assert "View “Month end” replaced." in text(as_finance.get(response.headers["Location"]))


def test_a_confirmation_covers_only_the_name_it_was_given_for(as_finance):
    save(as_finance)
    save(as_finance, name="Other", query="type=TRANSFER")
    response = save(as_finance, name="Other", query="status=FAILED", replace="Month end")
    assert "Replace it?" in refusal(response)
    assert SavedView.objects.get(name="Other").query == "type=TRANSFER"


def test_saving_the_same_view_again_asks_nothing(as_finance):
    save(as_finance)
    assert save(as_finance).status_code == 303
    assert not elements(as_finance.get(URL), "button", name="replace")


def test_each_person_has_separate_views(as_finance, auditor):
    save(as_finance)
    theirs = signed_in(auditor)
    assert saved_views(theirs.get(URL)) == {}
    save(theirs, query="type=TRANSFER")
    assert saved_views(theirs.get(URL)) == {"Month end": f"{URL}?type=TRANSFER"}
    assert saved_views(as_finance.get(URL)) == {"Month end": f"{URL}?type=DEPOSIT&min=1"}


def test_deleting_a_view_returns_to_the_same_page(as_finance):
    save(as_finance)
    response = delete(as_finance, SavedView.objects.get(), "status=FAILED&cursor=NS-00000000")
    assert response.status_code == 303
    assert response.headers["Location"] == f"{URL}?status=FAILED"
    assert not SavedView.objects.exists()
    assert "View “Month end” deleted." in text(as_finance.get(URL))


def test_staff_cannot_delete_a_colleagues_view(as_finance, auditor):
    save(as_finance)
    view = SavedView.objects.get()
    for other in (auditor, staff(FINANCE)):
        assert delete(signed_in(other), view).status_code == 404
    assert SavedView.objects.exists()
    assert as_finance.post(f"{SAVE}999999999999999999/delete/").status_code == 404


def test_a_shared_view_is_on_colleagues_lists_until_its_owner_stops(as_finance, wambui, auditor):
    save(as_finance)
    view = SavedView.objects.get()
    url = f"{SAVE}{view.pk}/share/"
    for reader in (wambui, auditor):
        assert saved_views(signed_in(reader).get(URL)) == {}
    assert signed_in(wambui).post(url, {"share": "1"}).status_code == 404
    assert as_finance.post(url, {"share": "1"}).status_code == 303
    for reader in (wambui, auditor):
        page = signed_in(reader).get(URL)
        assert saved_views(page) == {"Month end Finance Person": f"{URL}?type=DEPOSIT&min=1"}
        assert delete(signed_in(reader), view).status_code == 404
    as_finance.post(url, {"keep": "1"})
    assert saved_views(signed_in(wambui).get(URL)) == {}


def test_a_layout_is_never_shared(finance):
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(owner=finance, name="", query="size=100", is_shared=True)


def test_members_and_operators_cannot_save_views(alice, operator, as_finance):
    save(as_finance)
    view = SavedView.objects.get()
    for other in (alice, operator):
        assert save(signed_in(other)).status_code == 403
        assert delete(signed_in(other), view).status_code == 403
    assert SavedView.objects.count() == 1


def test_a_person_has_thirty_views_at_most(as_finance, finance, auditor):
    for number in range(VIEWS_AT_MOST):
        save(as_finance, name=f"View {number}")
    assert "You have 30 saved views, the maximum. Delete one first." in refusal(save(as_finance))
    assert SavedView.objects.count() == 30
    # Replacing a view still works, and the limit is per person.
    assert (
        save(as_finance, name="View 7", query="type=TRANSFER", replace="View 7").status_code == 303
    )
    assert save(signed_in(auditor)).status_code == 303


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Enter a name for the view."),
        ("   ", "Enter a name for the view."),
        ("a" * 61, "at most 60 characters"),
        ("a\0b", "Use letters, digits and ordinary signs only."),
        ("\u202eevil", "Use letters, digits and ordinary signs only."),
    ],
)
def test_an_invalid_name_is_refused_and_stays_in_the_form(as_finance, name, sentence):
    response = save(as_finance, name=name)
    assert sentence in refusal(response)
    assert is_whole_page(response)
    (field,) = elements(response, "input", name="name")
    assert dict(field.attributes).get("value", "") == as_read(name)
    assert "Type: Deposit" in text(response)
    assert not SavedView.objects.exists()


def test_the_default_ledger_cannot_be_saved(as_finance):
    assert "Set a filter or choose columns first" in refusal(
        save(as_finance, query="cursor=x&size=50")
    )
    assert not elements(as_finance.get(URL), "input", name="name")


def test_a_query_that_is_too_long_is_refused(as_finance):
    assert "too long to save" in refusal(save(as_finance, query="q=" + "%F0%9F%92%B8" * 130))


@pytest.mark.parametrize("query", ["min=x", "type=GIFT", "size=3", "q=%00", "min=%ff"])
def test_invalid_filters_are_not_saved(as_finance, query):
    response = save(as_finance, query=query)
    assert response.status_code == 422
    assert "Check the filters" in text(response)
    assert not SavedView.objects.exists()


def test_a_query_with_thousands_of_fields_is_refused(as_finance):
    as_finance.raise_request_exception = False
    assert save(as_finance, query="&".join(["a=1"] * 2000)).status_code == 400


def test_htmx_is_redirected_to_the_view(as_finance):
    response = save(as_finance, headers=htmx("ledger"))
    assert response.headers["HX-Redirect"] == f"{URL}?type=DEPOSIT&min=1"


def test_a_name_is_escaped(as_finance):
    save(as_finance, name="<b>Ends & odds</b>", query="q=a%26b")
    page = as_finance.get(URL)
    assert "<b>Ends" not in page.text
    (url,) = saved_views(page).values()
    assert parse_qs(urlsplit(url).query) == {"q": ["a&b"]}


def test_saving_and_deleting_views_is_not_audited(as_finance):
    save(as_finance)
    delete(as_finance, SavedView.objects.get())
    assert not AuditEvent.objects.acts().exists()
