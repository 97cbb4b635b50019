"""The settings of rails, limits and payouts, for `nissmart.settings`."""

import os

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

# The rail for new deposits and withdrawals (`ledger/rails/`).
RAIL = env.str("RAIL", "simulated")
# The M-PESA rail reads and checks these when RAIL=mpesa (`ledger/rails/mpesa/configuration.py`).
# Not through `env`, which takes a password that begins with `$` for the name of a variable.
MPESA_BASE_URL = os.environ.get("MPESA_BASE_URL", "")
MPESA_CONSUMER_KEY = os.environ.get("MPESA_CONSUMER_KEY", "")
MPESA_CONSUMER_SECRET = os.environ.get("MPESA_CONSUMER_SECRET", "")
MPESA_SHORTCODE = os.environ.get("MPESA_SHORTCODE", "")
MPESA_PASSKEY = os.environ.get("MPESA_PASSKEY", "")
MPESA_B2C_SHORTCODE = os.environ.get("MPESA_B2C_SHORTCODE", "")
MPESA_INITIATOR = os.environ.get("MPESA_INITIATOR", "")
MPESA_INITIATOR_PASSWORD = os.environ.get("MPESA_INITIATOR_PASSWORD", "")
MPESA_CERTIFICATE = os.environ.get("MPESA_CERTIFICATE", "")
MPESA_CALLBACK_BASE_URL = os.environ.get("MPESA_CALLBACK_BASE_URL", "")
MPESA_CALLBACK_SECRET = os.environ.get("MPESA_CALLBACK_SECRET", "")
MPESA_ALLOWED_SOURCES = os.environ.get("MPESA_ALLOWED_SOURCES", "")
MPESA_TIMEOUT_S = os.environ.get("MPESA_TIMEOUT_S", "20")
MPESA_QUERY_AFTER_S = os.environ.get("MPESA_QUERY_AFTER_S", "30,60,120,300,600,1800")
# The day on which the initiator's password stops working, such as 2027-02-26.
MPESA_PASSWORD_EXPIRES = os.environ.get("MPESA_PASSWORD_EXPIRES", "")
LIMIT_CENTS_PER_TRANSACTION = env.int("LIMIT_CENTS_PER_TRANSACTION", 250_000_00)
LIMIT_CENTS_OUT_PER_DAY = env.int("LIMIT_CENTS_OUT_PER_DAY", 500_000_00)
# For so long after a change of phone number, email, PIN, password or second factor, less may leave
# a wallet in a day. After an operator's help nothing leaves it.
LOWER_LIMIT_HOURS = env.float("LOWER_LIMIT_HOURS", 24)
LOWER_LIMIT_CENTS_OUT_PER_DAY = env.int("LOWER_LIMIT_CENTS_OUT_PER_DAY", 10_000_00)
LIMIT_CENTS_BALANCE = env.int("LIMIT_CENTS_BALANCE", 500_000_00)
# The least that a member may send to another: messages for a cent would cost a stranger nothing.
LEAST_TRANSFER_CENTS = env.int("LEAST_TRANSFER_CENTS", 1_00)
# How many payments a member may report in a day. 0 means no limit.
REPORTS_PER_DAY = env.int("REPORTS_PER_DAY", 10)
# Payouts above these amounts wait for one or two people of finance. 0 means always.
APPROVE_ONE_ABOVE_CENTS = env.int("APPROVE_ONE_ABOVE_CENTS", 50_000_00)
APPROVE_TWO_ABOVE_CENTS = env.int("APPROVE_TWO_ABOVE_CENTS", 150_000_00)
# So does a payout with which more than this leaves a wallet in a day, transfers included.
APPROVE_ONE_ABOVE_CENTS_A_DAY = env.int("APPROVE_ONE_ABOVE_CENTS_A_DAY", LIMIT_CENTS_OUT_PER_DAY)
# A deposit above this amount that a message reports is credited once its rail has confirmed it,
# when asked. 0 means every deposit.
CONFIRM_ABOVE_CENTS = env.int("CONFIRM_ABOVE_CENTS", 10_000_00)
# How many payments one worker sends at the same time, and how long a claim on one lasts: longer
# than a call takes.
PAYOUT_THREADS = env.int("PAYOUT_THREADS", 16)
PAYOUT_LEASE_S = env.float("PAYOUT_LEASE_S", 180)

for name, least in {
    "PAYOUT_THREADS": 1,
    "PAYOUT_LEASE_S": 1,
    "LIMIT_CENTS_PER_TRANSACTION": 1,
    "LIMIT_CENTS_OUT_PER_DAY": 1,
    "LIMIT_CENTS_BALANCE": 1,
    "LEAST_TRANSFER_CENTS": 1,
    "LOWER_LIMIT_HOURS": 0,
    "LOWER_LIMIT_CENTS_OUT_PER_DAY": 0,
    "APPROVE_ONE_ABOVE_CENTS": 0,
    "APPROVE_ONE_ABOVE_CENTS_A_DAY": 0,
    "CONFIRM_ABOVE_CENTS": 0,
    "REPORTS_PER_DAY": 0,
}.items():
    if globals()[name] < least:
        raise ImproperlyConfigured(f"{name} is {globals()[name]}: set {least} or more.")
if APPROVE_TWO_ABOVE_CENTS < APPROVE_ONE_ABOVE_CENTS:
    raise ImproperlyConfigured(
        "APPROVE_TWO_ABOVE_CENTS is less than APPROVE_ONE_ABOVE_CENTS: a payout that needs two"
        " people would need none."
    )
if RAIL == "mpesa" and float(MPESA_TIMEOUT_S) >= PAYOUT_LEASE_S:
    raise ImproperlyConfigured(
        "PAYOUT_LEASE_S isn't longer than MPESA_TIMEOUT_S: a second worker would take over a call"
        " that still goes on."
    )
