"""The phone page works with plain forms, under a strict CSP."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from tests.sandbox.support.daraja import PHONE

PAGE = f"/phone/{PHONE}/"


def press(daraja, headers=None, **form):
    reply = daraja.send("POST", PAGE, urlencode(form).encode(), headers)
    daraja.advance()
    return reply


def prompt(daraja):
    return re.findall(r'name="prompt" value="([^"]+)"', daraja.send("GET", PAGE).raw.decode())


@pytest.mark.parametrize(("action", "code"), [("pin", 0), ("cancel", 1032)])
def test_a_button_ends_the_prompt(daraja, receiver, action, code):
    daraja.stk(Amount="1500")
    daraja.advance()
    page = daraja.send("GET", PAGE).raw.decode()
    assert "Do you want to pay Ksh 1,500 to NISSMART, account no. NS482913?" in page
    assert [words in page for words in ("Enter PIN", "Cancel", "Ignore")] == [True] * 3
    reply = press(daraja, action=action, prompt=prompt(daraja)[0])
    assert (reply.status, reply.headers["Location"]) == (303, PAGE)
    assert receiver.only("stk")["Body"]["stkCallback"]["ResultCode"] == code
    assert prompt(daraja) == []


def test_ignoring_hides_the_prompt_until_it_ends(daraja, receiver):
    daraja.stk()
    daraja.advance()
    press(daraja, action="ignore", prompt=prompt(daraja)[0])
    assert prompt(daraja) == receiver.bodies("stk") == []
    daraja.advance(60)
    assert receiver.only("stk")["Body"]["stkCallback"]["ResultCode"] == 1037


def test_a_button_of_an_old_prompt_does_nothing_to_the_next(daraja):
    daraja.stk()
    daraja.advance()
    (old,) = prompt(daraja)
    daraja.act("cancel")
    daraja.stk()
    daraja.advance()
    press(daraja, action="pin", prompt=old)
    assert daraja.book() == []
    assert len(prompt(daraja)) == 1


def test_a_phone_pays_to_an_account_number(daraja):
    assert press(daraja, action="pay", account="NS 482913", amount="300").status == 303
    (paid,) = daraja.book()
    assert (paid["kind"], paid["reference"], paid["amount"]) == ("c2b", "NS 482913", 300)
    page = daraja.send("GET", PAGE).raw.decode()
    assert f"{paid['receipt']} Confirmed. Ksh300.00 sent to NISSMART" in page


@pytest.mark.parametrize("form", [{"amount": "1.5", "account": "NS1"}, {"amount": "10"}])
def test_a_wrong_amount_is_explained(daraja, form):
    reply = press(daraja, action="pay", **form)
    assert reply.status == 422
    assert b'role="alert"' in reply.raw
    for typed in form.values():
        assert f'value="{typed}"' in reply.raw.decode()
    assert daraja.book() == []


def test_the_page_shows_money_received_and_failures(daraja):
    daraja.b2c(Amount="700")
    daraja.stk()
    daraja.act("cancel")
    page = daraja.send("GET", PAGE).raw.decode()
    assert "Confirmed. Ksh700.00 received from NISSMART" in page
    assert "Failed. Ksh100.00 wasn't moved" in page


def test_the_index_lists_waiting_phones_and_finds_others(daraja):
    assert b"No prompt is waiting." in daraja.send("GET", "/phone/").raw
    daraja.stk()
    assert f'href="{PAGE}"'.encode() in daraja.send("GET", "/phone/").raw
    reply = daraja.send("GET", "/phone/?number=0712%20000%20001")
    assert reply.headers["Location"] == PAGE


def test_the_page_allows_no_script(daraja):
    for path in ("/", "/phone/", PAGE):
        reply = daraja.send("GET", path)
        policy = reply.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'")
        assert "unsafe" not in policy
        assert not re.search(rb"<script|style=|onclick", reply.raw)
    assert daraja.send("GET", "/phone/style.css").headers["Content-Type"].startswith("text/css")


def test_the_page_reloads_only_while_someone_watches(daraja):
    assert b"http-equiv" not in daraja.send("GET", PAGE).raw
    watched = daraja.send("GET", f"{PAGE}?watch=1").raw
    assert b'http-equiv="refresh"' in watched
    assert b"Stop watching" in watched


@pytest.mark.parametrize("path", ["/phone/12/", "/phone/%3Cscript%3E/"])
def test_an_impossible_number_is_404(daraja, path):
    reply = daraja.send("GET", path)
    assert reply.status == 404
    assert b"<script" not in reply.raw


def test_a_customers_text_is_escaped(daraja):
    press(daraja, action="pay", account="<b>x</b>", amount="10")
    assert b"<b>" not in daraja.send("GET", PAGE).raw


def test_another_site_cannot_press_a_button(daraja):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert press(daraja, headers, action="pay", account="NS1", amount="10").status == 403
    reply = daraja.send("POST", "/_sim/phones", b'{"action": "pin"}', headers)
    assert reply.status == 403
    assert daraja.book() == []
