"""Generate a long history in bulk, for scale tests.

The rows are the ones that `ledger.operations` would have written for each order: the member has
enough money and stays within the limits, and each entry has its account's balance after it. Each
database transaction writes thousands of whole orders, so the books are right even after a break.
Only new members take part, so no existing member's money moves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import batched
from random import Random
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Max

from ledger import account_days, rollups
from ledger.kinds import DEPOSIT, TRANSFER, WITHDRAWAL
from ledger.models import Books, Transaction
from ledger.operations import Order
from ledger.querysets import day_start, nairobi_day
from nissmart.demo.history_rows import (
    ENTRY_COLUMNS,
    RECORD_COLUMNS,
    Row,
    insert,
    new_ids,
    set_balances,
)
from wallet.models import Account, User
from wallet.public_ids import ALPHABET

DAYS = 180
BATCH = 20_000
FOLD = 10_000
AMOUNT_CENTS_MAX = 50_000_00

FIRST_NAMES = (
    "Akinyi Amina Atieno Baraka Brian Caroline Chebet Cherono Collins Daniel Dennis Esther Faith "
    "Fatuma Felix George Grace Halima Hassan Ian Jackline James Jane Joseph Joy Kevin Lilian Linet "
    "Mary Mercy Moses Mumbi Naliaka Nancy Njeri Otieno Peter Purity Ruth Samuel Sharon Stephen "
    "Vincent Wairimu Wambui Wanjiru Winnie Yusuf Zainab Zawadi"
)
LAST_NAMES = (
    "Abdi Achieng Ali Barasa Chege Chepkemoi Gathoni Gitau Hussein Juma Kamau Karanja Kariuki "
    "Kibet Kimani Kipchoge Kiprono Kirui Koech Langat Macharia Maina Mbugua Mohamed Muli Musyoka "
    "Mutiso Mutua Mwangi Mwende Ndungu Njoroge Noor Nyambura Ochieng Odhiambo Okoth Omondi Onyango "
    "Otieno Ouma Rotich Ruto Simiyu Wafula Waithera Wanjala Wanjiku Wekesa Were"
)
NOTES = {
    DEPOSIT: ("", "", "Top-up", "Salary", "Shop sales", "Boda takings"),
    TRANSFER: ("", "", "Lunch", "Matatu", "Chama", "Rent share", "Groceries", "Harambee"),
    WITHDRAWAL: ("", "", "Cash", "Market", "School fees"),
}
# Relative number of orders in each hour of a Nairobi day.
HOURS = (1, 1, 1, 1, 1, 3, 8, 12, 13, 12, 11, 12, 15, 14, 11, 10, 12, 16, 18, 16, 12, 8, 4, 2)

Status = Transaction.Status


class AllClosed(Exception):
    """All days before today are closed, so nothing can be dated into them."""


class Move(NamedTuple):
    """A completed order. `lines` are (account id, cents, balance after or None)."""

    at: datetime
    order: Order
    lines: list[tuple[int, int, int | None]]


@dataclass(frozen=True)
class Town:
    """The new members: who owns each account, and its balance so far."""

    owners: dict[int, int]
    balances: dict[int, int]

    def update(self, **values: Any) -> None:
        for some in batched(self.owners.values(), 1000):
            User.objects.filter(pk__in=some).update(**values)


def generate(*, members: int, transactions: int, seed: int, now: datetime) -> Iterator[int]:
    """Add new members and their orders. Yields the number of orders so far after each batch.

    The same seed on a database with the same rows gives the same history. It begins DAYS ago, or
    after the closed days. Raises AllClosed when no day before today is open.
    """
    last_id = Transaction.objects.aggregate(last=Max("pk"))["last"] or 0
    random = Random(f"{seed}/{last_id}")
    midnights = open_midnights(nairobi_day(now))
    town = open_members(random, members, joined=midnights[0])
    references = unused_references(random)
    written = 0
    for batch in batched(moves(random, town, transactions, midnights), BATCH):
        write(random, town, batch, references)
        written += len(batch)
        yield written
    town.update(is_active=True)
    rollups.fold_all(FOLD)
    rollups.fold_all()
    account_days.fold_all(FOLD)


def open_midnights(today: date) -> list[datetime]:
    """When each day of the history begins."""
    midnights = [day_start(today - timedelta(days=days)) for days in range(DAYS, 0, -1)]
    books = Books.objects.first()
    found = [each for each in midnights if not books or each >= books.open_from]
    if not found:
        raise AllClosed
    return found


def open_members(random: Random, number: int, joined: datetime) -> Town:
    """Create the new members. They stay inactive until their history is complete."""
    first = (User.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    first_names, last_names = FIRST_NAMES.split(), LAST_NAMES.split()
    users = [
        User(
            name=f"{random.choice(first_names)} {random.choice(last_names)}",
            email=f"member{serial}@history.example",
            phone=f"+25411{serial:07}",
            password=make_password(None),
            is_active=False,
        )
        for serial in range(first, first + number)
    ]
    with transaction.atomic():
        User.objects.bulk_create(users, batch_size=1000)
        accounts = [Account(user=user, kind=Account.Kind.WALLET) for user in users]
        Account.objects.bulk_create(accounts, batch_size=1000)
        town = Town(
            owners={account.pk: user.pk for account, user in zip(accounts, users, strict=True)},
            balances=dict.fromkeys((account.pk for account in accounts), 0),
        )
        town.update(created_at=joined)
        for some in batched(town.owners, 1000):
            Account.objects.filter(pk__in=some).update(created_at=joined)
    return town


def unused_references(random: Random) -> Iterator[str]:
    """Like `new_reference`, but from the seed, and without repeats."""
    taken = set(Transaction.objects.values_list("reference", flat=True).iterator())
    while True:
        bits = random.getrandbits(40)
        reference = "NS-" + "".join([ALPHABET[bits >> shift & 31] for shift in range(35, -5, -5)])
        if reference not in taken:
            taken.add(reference)
            yield reference


def moves(random: Random, town: Town, number: int, midnights: list[datetime]) -> Iterator[Move]:
    """This many orders, oldest first, each within its member's balance and limits."""
    accounts = list(town.owners)
    days = len(midnights)
    cents_max = amount_cents_max(len(accounts), number / days)
    for day, midnight in enumerate(midnights):
        share = number * (day + 1) // days - number * day // days
        hours = random.choices(range(24), HOURS, k=share)
        sent_cents: Counter[int] = Counter()
        for seconds in sorted(hour * 3600 + random.random() * 3600 for hour in hours):
            order = None
            while order is None or not is_allowed(order, town.balances, sent_cents):
                order = wish(random, accounts, town.balances, cents_max)
            if order.source_id:
                sent_cents[order.source_id] += order.amount_cents
            yield Move(midnight + timedelta(seconds=seconds), order, post(order, town.balances))


def amount_cents_max(members: int, orders_per_day: float) -> int:
    """Low enough that even the busiest of few members seldom reaches a limit."""
    orders_of_the_busiest = orders_per_day / math.sqrt(members)
    limits = (
        AMOUNT_CENTS_MAX,
        settings.LIMIT_CENTS_PER_TRANSACTION,
        settings.LIMIT_CENTS_BALANCE // 10,
        settings.LIMIT_CENTS_OUT_PER_DAY / (1 + 2 * orders_of_the_busiest),
    )
    return int(min(limits))


def wish(random: Random, accounts: list[int], balances: dict[int, int], cents_max: int) -> Order:
    """A random order of one member. It may be over a limit."""
    # Squared, so a few members order a lot and most order little.
    one = accounts[int(len(accounts) * random.random() ** 2)]
    cents = int(random.lognormvariate(6, 1)) * 100 + 100
    chance = random.random()
    if chance < 0.1:
        cents += random.randrange(100)
    cents = min(cents, cents_max)
    if chance < 0.2 or balances[one] < cents:
        return Order(DEPOSIT, cents, None, one, random.choice(NOTES[DEPOSIT]))
    if chance < 0.4 or len(accounts) == 1:
        return Order(WITHDRAWAL, cents, one, None, random.choice(NOTES[WITHDRAWAL]))
    other = one
    while other == one:
        other = random.choice(accounts)
    return Order(TRANSFER, cents, one, other, random.choice(NOTES[TRANSFER]))


def is_allowed(order: Order, balances: dict[int, int], sent_cents: Counter[int]) -> bool:
    cents, source, target = order.amount_cents, order.source_id, order.target_id
    limit_in: int = settings.LIMIT_CENTS_BALANCE
    limit_out: int = settings.LIMIT_CENTS_OUT_PER_DAY
    has_room = target is None or balances[target] + cents <= limit_in
    return has_room and (source is None or sent_cents[source] + cents <= limit_out)


def post(order: Order, balances: dict[int, int]) -> list[tuple[int, int, int | None]]:
    lines: list[tuple[int, int, int | None]] = []
    for account_id, cents in order.postings(is_settled=True):
        after = None
        if account_id in balances:
            after = balances[account_id] = balances[account_id] + cents
        lines.append((account_id, cents, after))
    return lines


def write(random: Random, town: Town, batch: Sequence[Move], references: Iterator[str]) -> None:
    """Write these moves, their entries and the new balances in one transaction."""
    adapt = connection.ops.adapt_datetimefield_value
    records: list[Row] = []
    entries: list[Row] = []
    balances: dict[int, int] = {}
    sources = {move.order.source_id for move in batch if move.order.kind.pays_out}
    withdrawers = {town.owners[account_id] for account_id in sources if account_id}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # The database refuses withdrawals of the inactive. No other session sees them active.
        set_active(withdrawers, True)
        ids = new_ids(cursor, "ledger_transaction", len(batch))
        for id, (at, order, lines) in zip(ids, batch, strict=True):
            time = adapt(at)
            actor_id = next(town.owners[line[0]] for line in lines if line[0] in town.owners)
            key = f"{random.getrandbits(128):032x}"
            rail = order.rail.code if order.rail else ""
            what = (order.kind.code, rail, Status.SUCCESS.value, order.amount_cents)
            whose = (order.source_id, order.target_id, order.description, actor_id, key)
            records.append((id, next(references), *what, *whose, time, time))
            for account_id, cents, after in lines:
                entries.append((id, account_id, cents, after, time))
                if after is not None:
                    balances[account_id] = after
        insert(cursor, "ledger_transaction", RECORD_COLUMNS, records)
        insert(cursor, "ledger_entry", ENTRY_COLUMNS, entries)
        set_balances(cursor, balances)
        set_active(withdrawers, False)


def set_active(user_ids: Iterable[int], is_active: bool) -> None:
    for some in batched(user_ids, 1000):
        User.objects.filter(pk__in=some).update(is_active=is_active)
