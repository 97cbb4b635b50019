"""The M-PESA rail: STK push for deposits, B2C for payouts, through Safaricom's Daraja.

Daraja answers a payment with "accepted" and says by callback what became of it.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.rails.mpesa import (
    answers,
    callbacks,
    configuration,
    gateway,
    redaction,
    requests,
    results,
    wire,
)
from ledger.rails.mpesa.configuration import Configuration
from ledger.rails.mpesa.results import Kind
from ledger.rails.mpesa.tariff import B2C_CHARGES
from ledger.rails.rail import Alarm, Answer, Callback, Instruction, Lookup, Outcome, Rail, Setting
from wallet.house import HouseAccount


class Mpesa(Rail):
    code = "mpesa"
    label = _("M-PESA")
    float_account = HouseAccount(
        -5,
        "mpesa_float",
        _("Float at M-PESA"),
        _("The money the house holds at M-PESA: deposits come in here, payouts leave from here."),
    )
    # Deposits come into this one, and payouts leave it.
    float_names = ("Utility Account", "Utility")
    lowest_cents = 10_00
    highest_cents = 250_000_00
    takes_cents = False
    pays_a_reference_once = True
    confirms_receipts = True
    published_charges = B2C_CHARGES

    @property
    def paybill(self) -> str:
        try:
            return configuration.current().shortcode
        except ImproperlyConfigured:
            return ""

    def collect(self, instruction: Instruction) -> Answer:
        return self.pay(instruction, to_stk_push, rail_id="CheckoutRequestID")

    def disburse(self, instruction: Instruction) -> Answer:
        return self.pay(instruction, requests.b2c, rail_id="ConversationID")

    def pay(self, instruction: Instruction, build: Build, *, rail_id: str) -> Answer:
        """Send a payment that M-PESA can take at all, once: see `gateway.post`."""
        if not self.takes(instruction.amount_cents):
            return Answer(Outcome.REJECTED, code=results.AMOUNT)
        if not (phone := wire.payable_phone(instruction.phone)):
            return Answer(Outcome.REJECTED, code=results.PHONE)
        try:
            settings = configuration.current()
        except ImproperlyConfigured as error:
            return unconfigured(Outcome.NOT_TAKEN, error)
        said = gateway.post(settings, build(settings, instruction, phone))
        return answers.to_payment(said, rail_id=rail_id)

    def query(self, lookup: Lookup) -> Answer:
        """A payout is asked about by callback, an STK push directly.

        The direct answer has no receipt. So when it says that the money was paid, M-PESA is also
        asked for the transaction's status, which has one.
        """
        try:
            settings = configuration.current()
        except ImproperlyConfigured as error:
            return unconfigured(Outcome.UNKNOWN, error)
        if lookup.is_payout or lookup.receipt:
            said = gateway.post(settings, requests.status(settings, lookup))
            return answers.to_question(said)
        if not lookup.rail_id:
            # The answer to the push was lost, and with it the only id that a query takes.
            return Answer(Outcome.UNKNOWN, code="no-id")
        request = requests.stk_query(settings, lookup, timezone.now())
        answer = answers.to_stk_query(gateway.post(settings, request), lookup.rail_id)
        if answer.code != results.SUCCESS:
            return answer
        asked = answers.to_question(gateway.post(settings, requests.status(settings, lookup)))
        return answer._replace(lookup_id=asked.lookup_id)

    def ask_balance(self) -> Answer:
        try:
            settings = configuration.current()
        except ImproperlyConfigured as error:
            return unconfigured(Outcome.UNKNOWN, error)
        return answers.to_question(gateway.post(settings, requests.balance(settings)))

    def register_urls(self) -> Answer:
        """Have payments that members start themselves reported to us. SUCCEEDED also when they are
        already: Daraja takes the addresses once."""
        settings = configuration.current()
        said = gateway.post(settings, requests.register_urls(settings))
        return answers.to_registration(said)

    def parse_callback(self, kind: str, body: bytes) -> Callback | None:
        return callbacks.parse(kind, body)

    def acknowledge(self, kind: str, refusal: str = "") -> Mapping[str, object]:
        return callbacks.acknowledge(kind, refusal)

    def redact(self, body: bytes) -> str:
        return redaction.redact(body)

    def explain(self, code: str, *, is_payout: bool) -> str | Promise:
        return results.explain(code, Kind.PAYOUT if is_payout else Kind.DEPOSIT)

    def check(self) -> None:
        configuration.current()

    def settings(self) -> Sequence[Setting]:
        return configuration.overview()

    def password_expires_on(self) -> date | None:
        return configuration.password_expires_on()

    def look_after_s(self) -> Sequence[int]:
        try:
            return configuration.current().query_after_s
        except ImproperlyConfigured:
            return super().look_after_s()

    def is_from_rail(self, secret: str, ip_address: str) -> bool:
        """Without settings, nothing is."""
        try:
            settings = configuration.current()
        except ImproperlyConfigured:
            return False
        is_secret = hmac.compare_digest(secret.encode(), settings.callback_secret.encode())
        return is_secret and is_allowed(ip_address, settings)


Build = Callable[[Configuration, Instruction, str], requests.Request]


def to_stk_push(settings: Configuration, asked: Instruction, phone: str) -> requests.Request:
    return requests.stk_push(settings, asked, phone, timezone.now())


def unconfigured(outcome: Outcome, error: ImproperlyConfigured) -> Answer:
    return Answer(outcome, code=results.SETTINGS, words=str(error), alarm=Alarm.STOP)


def is_allowed(ip_address: str, settings: Configuration) -> bool:
    """An empty list allows every source."""
    if not settings.allowed_sources:
        return True
    try:
        source = ipaddress.ip_address(ip_address)
    except ValueError:
        return False
    mapped = getattr(source, "ipv4_mapped", None)
    return any((mapped or source) in network for network in settings.allowed_sources)


MPESA = Mpesa()
