"""The organisation that the simulator serves: its credentials, shortcodes, rules and tariff."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

UTILITY = "Utility Account"
WORKING = "Working Account"
CHARGES = "Charges Paid Account"

C2B_MINIMUM = 1
B2C_MINIMUM = 10
MAXIMUM = 250_000
DAILY_MAXIMUM = 500_000

# (amount up to, charge): Safaricom's B2C tariff of August 2023 for registered recipients.
B2C_TARIFF = ((100, 0), (1_500, 5), (5_000, 9), (20_000, 11))
B2C_TOP_CHARGE = 13


def b2c_charge(amount: int) -> int:
    """The charge for a payout, in shillings. The organisation pays it."""
    for highest, charge in B2C_TARIFF:
        if amount <= highest:
            return charge
    return B2C_TOP_CHARGE


@dataclass(frozen=True)
class Merchant:
    """Nothing here is secret: the simulator only listens on loopback, and no money is real."""

    consumer_key: str = "sandbox-consumer-key"
    consumer_secret: str = "sandbox-consumer-secret"
    shortcode: str = "600992"
    b2c_shortcode: str = "600992"
    passkey: str = hashlib.sha256(b"Nissmart sandbox").hexdigest()
    initiator: str = "nissmartapi"
    initiator_password: str = "Sandbox#2026"
    name: str = "NISSMART"
    float_shillings: int = 5_000_000
    # Whether Safaricom has switched on external validation of paybill payments.
    validation: bool = True
    # The account that pays charges: the utility account or the charges paid account.
    charges_from: str = UTILITY

    def shortcodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.shortcode, self.b2c_shortcode)))

    def password(self, timestamp: str) -> str:
        """The STK password for a timestamp."""
        raw = self.shortcode + self.passkey + timestamp
        return base64.b64encode(raw.encode()).decode()

    def accepts_basic(self, header: str) -> bool:
        raw = f"{self.consumer_key}:{self.consumer_secret}".encode()
        return hmac.compare_digest(header.encode(), b"Basic " + base64.b64encode(raw))

    def settings(self, base_url: str, certificate: str) -> dict[str, str]:
        """The product's settings for this simulator, by the names in its configuration."""
        return {
            "MPESA_BASE_URL": base_url,
            "MPESA_CONSUMER_KEY": self.consumer_key,
            "MPESA_CONSUMER_SECRET": self.consumer_secret,
            "MPESA_SHORTCODE": self.shortcode,
            "MPESA_PASSKEY": self.passkey,
            "MPESA_B2C_SHORTCODE": self.b2c_shortcode,
            "MPESA_INITIATOR": self.initiator,
            "MPESA_INITIATOR_PASSWORD": self.initiator_password,
            "MPESA_CERTIFICATE": certificate,
        }
