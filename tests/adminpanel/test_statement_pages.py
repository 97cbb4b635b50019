"""The pages of statements: upload, preview, import, with and without JavaScript, for each role."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from adminpanel.models import Statement
from adminpanel.reconciliation import operations, reading
from tests.adminpanel.support.statements import LINES, imported, line, mpesa, table, upload
from tests.conftest import signed_in
from tests.pages import elements, htmx, is_part, is_whole_page, problems, text

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

LIST, FORM = "/panel/reconciliation/", "/panel/reconciliation/import/"
State = Statement.State


def send(client, content: bytes = b"", *, account: str = "1100", name: str = "s.csv", **more):
    files = {"file": SimpleUploadedFile(name, content)} if content or name else {}
    return client.post(FORM, {"account": account, "format": ""} | files, **more)


def test_from_an_upload_to_the_imported_lines(as_finance):
    page = as_finance.get(LIST)
    assert "Import a statement to start" in text(page)
    content = mpesa([*LINES[:1], *LINES[2:], line("X", "5.00", at="never"), LINES[0]])
    answer = send(as_finance, content, name="<september>.csv")
    assert answer.status_code == 303
    page = as_finance.get(answer.url)
    said = text(page)
    for sentence in (
        "Preview", "<september>.csv", "1 gap in the running balance",
        "Line 6: the balance should be KES 991.00 and is KES 1,000.00.",
        "1 line can't be read and isn't imported.",
        "Line 9: “never” is no date that we know.", "Repeated in this file, skipped",
        "1 Failed", "Receipt No.", "Import 4 lines", "Short Code",
    ):  # fmt: skip
        assert sentence in said, sentence
    # Staff see no phone number in full until they ask for it.
    assert "Pay Bill from 254712***678 - JANE DOE" in said
    assert "254712345678" not in page.text
    assert as_finance.get(f"{answer.url}confirm/").url == answer.url
    assert as_finance.post(f"{answer.url}confirm/").url == answer.url
    importing = as_finance.get(answer.url)
    (progress,) = elements(importing, "p", id="progress")
    assert dict(progress.attributes)["hx-trigger"] == "every 2s"
    assert "Importing: 0 of 6 lines." in text(importing)
    assert "Refresh" in text(importing)
    part = as_finance.get(answer.url, headers=htmx("progress"))
    assert is_part(part, "progress")
    assert reading.do_next()
    assert as_finance.get(answer.url, headers=htmx("progress")).headers["HX-Refresh"] == "true"
    done = as_finance.get(answer.url)
    assert "Imported by" in text(done)
    assert not elements(done, "p", id="progress")
    again = as_finance.post(f"{answer.url}drop/")
    assert again.status_code == 409
    assert "no longer a preview" in text(again)
    assert "<september>.csv" in text(as_finance.get(LIST))
    same = as_finance.post(
        FORM, {"account": "1100", "file": SimpleUploadedFile("b.csv", content)}, follow=True
    )
    assert "This file is here already. Nothing changed." in text(same)


@pytest.mark.parametrize(
    ("content", "name", "account", "problem"),
    [
        (b"", "", "1100", "Choose a file."),
        (b"", "a.csv", "1100", "The file is empty."),
        (b"x" * 301, "a.csv", "1100", "Upload at most 300"),
        (b"x", "a.csv", "", "Choose whose statement it is."),
        (b"x", "a.csv", "2400", "Choose one from the list."),
    ],
)
@pytest.mark.parametrize("part", [None, "uploading"])
def test_a_refused_upload_says_why_and_keeps_the_choices(
    as_finance, settings, content, name, account, problem, part
):
    settings.STATEMENT_BYTES_AT_MOST = 300
    headers = htmx(part) if part else {}
    answer = send(as_finance, content, name=name, account=account, headers=headers)
    assert answer.status_code == 422
    assert (is_part(answer, part) if part else is_whole_page(answer)) is True
    assert any(problem in one.replace("\u00a0", " ") for one in problems(answer))
    if account == "1100":
        assert '<option value="1100" selected' in answer.text
    assert not Statement.objects.exists()


@pytest.mark.parametrize("size", [601, 10**12])
def test_a_request_far_over_the_limit_is_refused_unread(as_finance, settings, size):
    settings.STATEMENT_BYTES_AT_MOST = 300
    body = io.BytesIO(b"--x")
    named = {"content_type": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(size)}
    assert as_finance.post(FORM, body.getvalue(), **named).status_code == 413
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 600
    assert as_finance.post("/transfer/", body.getvalue(), **named).status_code == 413


def test_a_file_that_cannot_be_read_has_a_page_that_says_so(as_finance):
    for content in (b"%PDF-1.7", b"\x00\x01\xff" * 99, b"PK\x03\x04", mpesa([["a\x00"] * 13])):
        answer = send(as_finance, content)
        assert answer.status_code == 303
        page = as_finance.get(answer.url)
        assert page.status_code == 200
    assert Statement.objects.filter(state=State.FAILED).count() == 4
    assert as_finance.get(LIST).status_code == 200


def test_a_maker_says_what_the_columns_of_a_bank_mean(as_finance):
    content = table([["When", "What", "Sum"], ["02/09/2026", "x", "5.00"]]).encode()
    url = send(as_finance, content, account="1200").url
    assert "No line names a column" in text(as_finance.get(url))
    wrong = as_finance.post(f"{url}columns/", {"at": "When", "amount": "When"})
    assert wrong.status_code == 422
    assert "This column is chosen twice." in " ".join(problems(wrong))
    assert '<option value="When" selected' in wrong.text
    assert "Choose the column of the date." in " ".join(problems(as_finance.post(f"{url}columns/")))
    assert as_finance.post(f"{url}columns/", {"at": "When", "amount": "Sum"}).status_code == 303
    assert "Import 1 line" in text(as_finance.get(url))
    assert as_finance.post(f"{url}drop/", follow=True).redirect_chain[-1][0] == LIST


def test_an_auditor_reads_and_a_large_file_waits_for_the_worker(auditor, monkeypatch):
    monkeypatch.setattr(operations, "READ_NOW_AT_MOST", 1)
    client, waiting = signed_in(auditor), upload(mpesa())
    page = client.get(f"{LIST}{waiting.pk}/")
    assert "Reading the file: 0 lines so far." in text(page)
    assert reading.do_next()
    said = text(client.get(f"{LIST}{waiting.pk}/"))
    assert "A finance maker decides whether it's imported." in said
    assert "Import 5 lines" not in said
    assert client.post(f"{LIST}{waiting.pk}/confirm/").status_code == 403
    assert client.get(FORM).status_code == 403
    assert "Import statement" not in text(client.get(LIST))
    assert client.get(f"{LIST}999/").status_code == 404


def test_the_list_has_pages(as_finance, settings):
    settings.PAGE_SIZE_PANEL = 1
    first, second = imported(mpesa(), name="one.csv"), upload(mpesa(LINES[1:]), name="two.csv")
    page = as_finance.get(LIST)
    assert "two.csv" in text(page)
    assert "one.csv" not in text(page)
    assert "one.csv" in text(as_finance.get(LIST, {"cursor": second.pk}))
    assert "End of the list" in text(as_finance.get(LIST, {"cursor": first.pk}))
