"""The settings of sessions, devices and wrong guesses, for `nissmart.settings`."""

import environ

env = environ.Env()

SESSION_ENGINE = "wallet.signin.session_store"
# How long a session may be idle, and how long it may last, by role. MEMBER_KEPT is a member who
# ticked "Keep me signed in". 15 minutes is PCI DSS 4.0's limit for people who work with payments
# (requirement 8.2.8).
SESSION_IDLE_MINUTES = {
    "VISITOR": 24 * 60,
    "MEMBER": env.int("SESSION_IDLE_MINUTES_MEMBER", 30),
    "MEMBER_KEPT": env.int("SESSION_IDLE_MINUTES_MEMBER_KEPT", 30 * 24 * 60),
    "STAFF": env.int("SESSION_IDLE_MINUTES_STAFF", 15),
}
SESSION_HOURS = {
    "VISITOR": 24,
    "MEMBER": env.int("SESSION_HOURS_MEMBER", 24),
    "MEMBER_KEPT": env.int("SESSION_HOURS_MEMBER_KEPT", 90 * 24),
    "STAFF": env.int("SESSION_HOURS_STAFF", 12),
}
# The browser keeps the cookie only for "Keep me signed in". The limits are checked here.
SESSION_COOKIE_AGE = SESSION_HOURS["MEMBER_KEPT"] * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# How long a device that someone has just signed in with counts as new.
NEW_DEVICE_HOURS = env.int("NEW_DEVICE_HOURS", 24)

# How many wrong guesses at passwords and codes one IP address may make in 15 minutes, over all
# accounts. Thousands of a carrier's customers may share an address. 0 means no limit. The limit of
# one account isn't a setting: `wallet/signin/guesses.py`.
GUESSES_PER_ADDRESS = env.int("GUESSES_PER_ADDRESS", 300)
# Ours replace allauth's, which let anyone lock the owner of an account out.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None, "reauthenticate": None}
