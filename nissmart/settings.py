"""Settings, driven by the environment. docs/configuration.md lists every variable."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from nissmart.databases import database
from nissmart.message_settings import *  # noqa: F403
from nissmart.payment_settings import *  # noqa: F403
from nissmart.signin_settings import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()

# --- Core ---------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "only-for-development" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY, or DEBUG=1 to run on your own machine.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "nissmart.apps.OperatorsAdmin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "corsheaders",
    "ninja",
    "wallet",
    "ledger",
    "adminpanel",
    "nissmart.apps.Nissmart",
]

MIDDLEWARE = [
    "wallet.web.logs.request_ids",
    "nissmart.headers.isolate",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Below WhiteNoise, whose files are already compressed, and above all that write a body.
    "django.middleware.gzip.GZipMiddleware",
    "nissmart.api.json_answers",
    "corsheaders.middleware.CorsMiddleware",
    "nissmart.incoming.readable_requests",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "wallet.signin.sessions.note_use",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "wallet.web.http.private_pages",
    "allauth.account.middleware.AccountMiddleware",
]

# For API calls with a token: see nissmart/wsgi.py.
TOKEN_MIDDLEWARE = [
    "wallet.web.logs.request_ids",
    "nissmart.headers.isolate",
    "django.middleware.security.SecurityMiddleware",
    "nissmart.api.json_answers",
    "corsheaders.middleware.CorsMiddleware",
    "nissmart.incoming.readable_requests",
]

ROOT_URLCONF = "nissmart.urls"
WSGI_APPLICATION = "nissmart.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "wallet.context_processors.site",
                "ledger.context_processors.rail",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Data ---------------------------------------------------------------------------------------

DATABASES = {"default": database(env, BASE_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# allauth counts its other rate limits here, so all processes share it.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    },
}

# Threads of one web process. `make run` passes it to the web server. At most half of them wait for
# locks that other sessions hold: see wallet/db/waits.py.
WEB_THREADS = env.int("WEB_THREADS", 8)
# How long an order waits in total. Then the answer is "busy".
ORDER_TIMEOUT_S = env.float("ORDER_TIMEOUT_S", 4)

# --- Money (rails, limits and payouts: nissmart/payment_settings.py) ----------------------------

# How many people whom they haven't paid before a member may look up or pay, on pages and by the
# API together. 0 means no limit.
PAYEE_LOOKUPS_PER_HOUR = env.int("PAYEE_LOOKUPS_PER_HOUR", 30)
PAYEE_LOOKUPS_PER_DAY = env.int("PAYEE_LOOKUPS_PER_DAY", 60)
PAGE_SIZE = 20
PAGE_SIZE_PANEL = 50

# How often the worker checks the books.
CHECKS_EVERY_S = env.int("CHECKS_EVERY_S", 60 * 60)

# --- Panel --------------------------------------------------------------------------------------

# How many phone numbers and emails one staff member may look up in an hour. 0 means no limit.
CONTACT_LOOKUPS_PER_HOUR = env.int("CONTACT_LOOKUPS_PER_HOUR", 30)
# How long someone must be in finance before they can approve a reversal.
APPROVE_AFTER_HOURS = env.int("APPROVE_AFTER_HOURS", 24)

# --- API ----------------------------------------------------------------------------------------

# Calls a minute, by scope of the token. A session counts as member. "address" is the limit of one
# IP address, for all but service tokens. 0 means no limit.
API_CALLS_PER_MINUTE = {
    "member": env.int("API_CALLS_PER_MINUTE_MEMBER", 120),
    "finance": env.int("API_CALLS_PER_MINUTE_FINANCE", 600),
    "service": env.int("API_CALLS_PER_MINUTE_SERVICE", 0),
    "address": env.int("API_CALLS_PER_MINUTE_ADDRESS", 1200),
}
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ["authorization", "content-type", "idempotency-key", "x-request-id"]
CORS_EXPOSE_HEADERS = ["Idempotency-Replayed", "Retry-After", "X-Request-ID"]

# --- People -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "wallet.User"
AUTHENTICATION_BACKENDS = ["wallet.signin.backend.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"wallet.signin.passwords.{name}"}
    for name in ("NotLikeItsOwner", "LongEnough", "NotCommon", "NotOnlyDigits")
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

MAILERS = {
    "default": {
        "BACKEND": env.str("MAIL_BACKEND", "wallet.signin.mail.Terminal"),
        "OPTIONS": env.json("MAIL_OPTIONS", {}),
    }
}
# How people reach us, as pages show it. If it's empty, pages offer no help. The default is made up,
# so it's only for DEBUG.
SUPPORT_CONTACT = env.str(
    "SUPPORT_CONTACT", "help@nissmart.example or 0800 000 000" if DEBUG else ""
)
# Where researchers report a weakness: `mailto:` and an email, or a URL. If it's empty, there is no
# security.txt.
SECURITY_CONTACT = env.str("SECURITY_CONTACT", "mailto:security@nissmart.example" if DEBUG else "")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Nissmart <hello@nissmart.example>")

# How many codes go out in an hour to one contact, for one account, and from one IP address. A code
# costs money, and thieves ask for many. 0 means no limit.
CODES_PER_HOUR = {
    "contact": env.int("CODES_PER_HOUR_CONTACT", 5),
    "account": env.int("CODES_PER_HOUR_ACCOUNT", 10),
    "address": env.int("CODES_PER_HOUR_ADDRESS", 60),
}

# --- Language and time --------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# For a second language, add a line here, set LOCALE_PATHS to the folder of its translations, and
# add Django's LocaleMiddleware to MIDDLEWARE, below SessionMiddleware and above CommonMiddleware.
LANGUAGES = [("en", _("English"))]
TIME_ZONE = "Africa/Nairobi"
USE_TZ = True
# The default format of dates, used by Django admin: 24-hour, day first.
FORMAT_MODULE_PATH = ["nissmart.formats"]

# --- Static files -------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "nissmart.static_files.MinifiedStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False

# --- Security -----------------------------------------------------------------------------------

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "nissmart.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
HTTPS = env.bool("HTTPS", not DEBUG)
DEVICE_COOKIE_NAME = "__Host-device" if HTTPS else "device"
if HTTPS:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrf"
if env.bool("BEHIND_TLS_PROXY", False):
    # Only behind a proxy that strips this header from client requests.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# allauth's rate limits need the client's IP address. Without a proxy it's the socket's.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"calm": {"()": "wallet.web.logs.Calm"}},
    "formatters": {"json": {"()": "wallet.web.logs.JsonLine"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["calm"]}
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
    # Django's own handlers would log everything twice.
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # A refusal isn't an error, and the access log has its status.
        "django.request": {"level": "ERROR"},
        # A line for each call; the rail records its calls.
        "httpx": {"level": "WARNING"},
    },
}
