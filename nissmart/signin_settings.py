"""How people sign in, prove who they are and stay signed in: settings for `nissmart.settings`."""

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

AUTH_USER_MODEL = "wallet.User"
AUTHENTICATION_BACKENDS = ["wallet.signin.backend.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"wallet.signin.passwords.{name}"}
    for name in ("NotLikeItsOwner", "LongEnough", "NotCommon", "NotOurWords")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "wallet.signin.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "wallet.forms.SignupForm",
    "login": "wallet.forms.LoginForm",
    "change_password": "wallet.signin.password_forms.ChangePasswordForm",
    "set_password": "wallet.signin.password_forms.SetPasswordForm",
    "reset_password_from_key": "wallet.signin.password_forms.ResetPasswordKeyForm",
    "reauthenticate": "wallet.signin.password_forms.ReauthenticateForm",
    "reset_password": "wallet.signin.password_forms.ResetPasswordForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email", "phone"}
# The form asks for a phone number or an email, but allauth wants one of them to be required. If it
# were the phone number, allauth would refuse sign-in to people who have none. So it's the email,
# and the form makes it optional again.
ACCOUNT_SIGNUP_FIELDS = ["phone", "email*", "password1*"]
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = None
# Contacts are proved by our own codes (`wallet/contacts.py`).
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PHONE_VERIFICATION_ENABLED = False
ACCOUNT_PREVENT_ENUMERATION = False
# Mail the user when their password, phone number, email or second factor changes.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "wallet.signin.password_links.EndsWithRole"
# How long we keep who a former member was: the Proceeds of Crime and Anti-Money Laundering Act
# asks for at least seven years after the account is closed.
RETENTION_YEARS = env.int("RETENTION_YEARS", 7)
# How long a link that sets a new password works, mailed or handed over.
PASSWORD_RESET_TIMEOUT = env.int("PASSWORD_LINK_HOURS", 24) * 60 * 60
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Nissmart: "
# A payment above this amount asks for the second factor, and so does one on a new device. 0 means
# every payment.
STEP_UP_ABOVE_CENTS = env.int("STEP_UP_ABOVE_CENTS", 50_000_00)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
# A code counts for half a minute before and after its own: people type slowly and clocks differ
# (RFC 6238, 5.2, allows one step). wallet/signin/factors.py makes each work once.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "wallet.signin.code_forms.AuthenticateForm",
    "reauthenticate": "wallet.signin.code_forms.ReauthenticateForm",
    "activate_totp": "wallet.signin.code_forms.ActivateForm",
    "add_webauthn": "wallet.signin.passkey_forms.AddForm",
    "edit_webauthn": "wallet.signin.passkey_forms.RenameForm",
    "login_webauthn": "wallet.signin.passkey_forms.LoginForm",
    "authenticate_webauthn": "wallet.signin.passkey_forms.AuthenticateForm",
    "reauthenticate_webauthn": "wallet.signin.passkey_forms.ReauthenticateForm",
}
MFA_TOTP_ISSUER = "Nissmart"
MFA_ADAPTER = "wallet.signin.adapters.SecondFactorAdapter"
# allauth doesn't know what is proved; `wallet.signin.code_forms` does.
MFA_ALLOW_UNVERIFIED_EMAIL = True
