"""The ids that M-PESA gives out, made from a seed and a serial number, so none repeats."""

from __future__ import annotations

import random
import string
import threading
from datetime import datetime

from nissmart.sandbox.wire import EAT

SYMBOLS = string.digits + string.ascii_uppercase
DAYS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
RECEIPTS = 36**7
# Has no common factor with 36, so each serial gives a different receipt.
STRIDE = 31_415_926_535
NAMES = (
    ("NICHOLAS", "MARY", "JOHN", "GRACE", "PETER", "FAITH", "DAVID", "MERCY", "JAMES", "ESTHER"),
    ("KAMAU", "ATIENO", "KIPROTICH", "WANJIKU", "MUTUA", "NJERI", "OMONDI", "CHEBET", "BARASA"),
)


class Ids:
    """Ids for one simulator. The same seed gives the same ids in the same order."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.serial = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            self.serial += 1
            return self.serial

    def _random(self, *parts: object) -> random.Random:
        return random.Random(":".join(map(str, (self.seed, *parts))))

    def receipt(self, serial: int, now: datetime) -> str:
        """SG632NMUAB: a letter or digit each for year, month and day, then seven symbols."""
        day = now.astimezone(EAT)
        prefix = chr(ord("A") + (day.year - 2006) % 26) + chr(ord("A") + day.month - 1)
        rest = (serial * STRIDE + self.seed) % RECEIPTS
        symbols = ""
        for _ in range(7):
            rest, digit = divmod(rest, 36)
            symbols = SYMBOLS[digit] + symbols
        return prefix + DAYS[day.day] + symbols

    def conversation(self, serial: int, now: datetime) -> str:
        """AG_20240706_2010364430d9bbdaf872."""
        digits = f"{self._random('conversation', serial).getrandbits(40):010x}{serial:010x}"
        return f"AG_{now.astimezone(EAT):%Y%m%d}_{digits[:20]}"

    def merchant_request(self, serial: int) -> str:
        """29115-34620561-1: also the id Safaricom gives a request that has none from us."""
        return f"{self._random('request', serial).randint(1000, 99999)}-{34620560 + serial}-1"

    def checkout(self, serial: int, now: datetime, phone: str) -> str:
        """ws_CO_21072024125243250722943992: time, three digits, the phone number."""
        return f"ws_CO_{now.astimezone(EAT):%d%m%Y%H%M%S}{serial % 1000:03}{phone[-9:]}"

    def gateway_request(self, serial: int) -> str:
        """1c5b-4ba8-815c-ac45c57a3db01495926: the id in an error body."""
        bits = f"{self._random('gateway', serial).getrandbits(96):024x}"
        return f"{bits[:4]}-{bits[4:8]}-{bits[8:12]}-{bits[12:24]}{serial:07}"

    def token(self, serial: int) -> str:
        choose = self._random("token", serial)
        return "".join(choose.choices(string.ascii_letters + string.digits, k=28))

    @staticmethod
    def name(phone: str) -> str:
        """A customer's name, always the same for one phone number."""
        choose = random.Random(phone)
        return " ".join(choose.choice(names) for names in NAMES)
