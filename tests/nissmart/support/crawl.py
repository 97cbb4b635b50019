"""Every page of the site that each role reaches, found by following links."""

from __future__ import annotations

import os
from collections.abc import Iterator

from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import reverse

from ledger.models import Pause
from tests.conftest import signed_in
from tests.factories import new_key, send, withdraw
from tests.pages import htmx
from wallet.models import User

STARTS = ["/", "/accounts/login/", "/profile/", "/panel/", "/admin/", "/no-such-page/"]
NIGHTLY = bool(os.environ.get("NIGHTLY"))
# How many URLs of each kind to visit, because such pages differ only in the row they show.
ENOUGH = {
    "/activity/NS-": 3,
    "/panel/payouts/NS-": 3,
    "/panel/transactions/": 3,
    "/admin/": 30 if NIGHTLY else 15,
    "?": 12 if NIGHTLY else 6,
}


def follow(client: Client, within: str = "/") -> Iterator[tuple[str, HttpResponse]]:
    """(url, answer) of every page that this visitor can reach by links `within` these pages."""
    waiting = [url for url in STARTS if url.startswith(within)]
    seen = set(waiting)
    taken = dict.fromkeys(ENOUGH, 0)
    while waiting:
        url = waiting.pop(0)
        answer = client.get(url)
        yield url, answer
        for link in links(url, answer):
            kinds = [kind for kind in ENOUGH if kind in link]
            is_enough = any(taken[kind] >= ENOUGH[kind] for kind in kinds)
            if is_enough or link in seen or not link.startswith(within):
                continue
            for kind in kinds:
                taken[kind] += 1
            seen.add(link)
            waiting.append(link)


def links(url: str, answer: HttpResponse) -> list[str]:
    if answer.status_code == 302:
        return [answer.headers["Location"].partition("#")[0]]
    if answer.streaming or "html" not in answer.headers["Content-Type"]:
        return []
    found = []
    for piece in answer.text.split('href="')[1:]:
        link = piece.partition('"')[0].partition("#")[0].replace("&amp;", "&")
        if link.startswith("?"):
            link = url.partition("?")[0] + link
        if link.startswith("/") and not link.startswith(("//", "/static/")):
            found.append(link)
    return found


def answers_beyond_links(client: Client, bob: User) -> Iterator[tuple[str, HttpResponse]]:
    """(name, answer) of forms and htmx: refusals, reviews, parts, forbidden methods."""
    order = {"amount": "1", "idempotency_key": new_key(), "recipient": bob.email or ""}
    for url in ("/deposit/", "/transfer/", "/withdraw/"):
        yield f"review of {url}", client.post(url, order)
        yield f"refusal of {url}", client.post(url, {})
        yield f"part of {url}", client.post(url, {}, headers=htmx("move"))
    yield "receipt", client.post("/transfer/", order | {"confirm": "1"})
    yield "htmx receipt", client.post("/transfer/", order | {"confirm": "1"}, headers=htmx("move"))
    for url, part in [("/", "balance"), ("/activity/", "activity"), ("/panel/ledger/", "ledger")]:
        yield f"part {part}", client.get(url, headers=htmx(part))
    yield "refused profile", client.post("/profile/", {"name": ""})
    yield "405", client.get("/preferences/")
    yield "400", client.post("/preferences/", {"theme": "x"})
    yield "htmx sign-in", Client().get("/activity/", headers=htmx("activity"))
    yield "token refused", Client(enforce_csrf_checks=True).post("/deposit/", {})
    yield "sign-up refused", Client().post(reverse("account_signup"), {})
    yield "sign-in refused", Client().post(reverse("account_login"), {"login": "x"})


def answers_of_the_panel(client: Client) -> Iterator[tuple[str, HttpResponse]]:
    """(name, answer) that finance gets without links: files, parts, refusals, saved views."""
    ledger = "/panel/ledger/"
    yield "export", client.get(f"{ledger}?format=csv")
    yield "headers of an export", client.head(f"{ledger}?format=csv")
    yield "sums", client.get(f"{ledger}totals/?min=1", headers=htmx("totals"))
    yield "sums refused", client.get(f"{ledger}totals/?min=x")
    yield "view saved", client.post(f"{ledger}views/", {"name": "x", "query": "type=DEPOSIT"})
    yield "pause refused", client.post("/panel/payouts/pause/", {"pause-until": "x"})
    yield "view refused", client.post(f"{ledger}views/", {"name": ""})


def crawl(
    alice: User, bob: User, finance: User, operator: User
) -> Iterator[tuple[str, str, HttpResponse]]:
    """(who, url, answer) of every answer to every role."""
    send(alice, bob, 1_00, description="Lunch")
    withdraw(alice, 2_00)
    with override_settings(APPROVE_ONE_ABOVE_CENTS=0):
        withdraw(alice, 3_00)
    Pause.objects.create(reason="Lunch", paused_by=finance)
    # Staff have the pages of a member too, and they are the same.
    for who, client, within in [
        ("visitor", Client(), "/"),
        ("member", signed_in(alice), "/"),
        ("finance", signed_in(finance), "/" if NIGHTLY else "/panel/"),
        ("operator", signed_in(operator), "/" if NIGHTLY else "/admin/"),
    ]:
        for url, answer in follow(client, within):
            yield who, url, answer
    for name, answer in answers_of_the_panel(signed_in(finance)):
        yield "finance", name, answer
    for name, answer in answers_beyond_links(signed_in(alice), bob):
        yield "member", name, answer
