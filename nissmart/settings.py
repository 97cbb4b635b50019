"""Settings, driven by the environment. docs/configuration.md lists every variable."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from nissmart.alert_settings import *  # noqa: F403
from nissmart.databases import databases, owner
from nissmart.message_settings import *  # noqa: F403
from nissmart.payment_settings import *  # noqa: F403
from nissmart.signin_settings import *  # noqa: F403
from nissmart.watch_settings import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()

# --- Core ---------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "only-for-development" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY, or DEBUG=1 to run on your own machine.")
# Earlier keys, so that PINs, second factors, sessions and links that they protect go on working.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
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
    "wallet.web.requests.request_ids",
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
    "wallet.web.refusals.form_statuses",
    "allauth.account.middleware.AccountMiddleware",
    "wallet.staff.refusals.note_limits",
]

# For API calls with a token: see nissmart/wsgi.py.
TOKEN_MIDDLEWARE = [
    "wallet.web.requests.request_ids",
    "nissmart.headers.isolate",
    "django.middleware.security.SecurityMiddleware",
    "nissmart.api.json_answers",
    "corsheaders.middleware.CorsMiddleware",
    "nissmart.incoming.readable_requests",
]

if OTEL_EXPORTER_OTLP_ENDPOINT:  # noqa: F405
    MIDDLEWARE.insert(0, "nissmart.telemetry.spans")
    TOKEN_MIDDLEWARE.insert(0, "nissmart.telemetry.spans")

# For answers that need no URL, session or database: see nissmart/front/refusals.py.
REFUSAL_MIDDLEWARE = [
    "nissmart.headers.isolate",
    "django.middleware.security.SecurityMiddleware",
    "nissmart.api.json_answers",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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

DATABASES = databases(env, BASE_DIR)
DATABASE_ROUTERS = ["wallet.db.replica.Router"]
# How long a report waits for the replica to have what the primary has. Then the primary answers.
REPLICA_LAG_S = env.float("REPLICA_LAG_S", 2)
# Who owns the tables, if it isn't the role of the application: see nissmart/owner.py.
DATABASE_OWNER = owner(env, BASE_DIR)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# allauth counts its other rate limits here, so all processes share it.
CACHES = {
    "default": {
        "BACKEND": "wallet.db.cache.Cache",
        "LOCATION": "cache",
    },
}

# Threads of one web process that carry out orders. At most half of them wait for locks that other
# sessions hold: see wallet/db/waits.py. Three more answer pages and health checks only.
WEB_THREADS = env.int("WEB_THREADS", 8)
# A request that would wait longer than this for a thread is refused immediately.
QUEUE_TIMEOUT_S = env.float("QUEUE_TIMEOUT_S", 2)
# How long a client may take to send a small body.
BODY_TIMEOUT_S = env.float("BODY_TIMEOUT_S", 15)
# How long an order waits in total. Then the answer is "busy".
ORDER_TIMEOUT_S = env.float("ORDER_TIMEOUT_S", 4)
# How long a migration waits for a table. Others wait behind it, so it's less than LOCK_TIMEOUT_S.
MIGRATE_LOCK_TIMEOUT_S = env.float("MIGRATE_LOCK_TIMEOUT_S", 1)

# --- Money (rails, limits and payouts: nissmart/payment_settings.py) ----------------------------

# How many people whom they haven't paid before a member may look up or pay, on pages and by the
# API together. 0 means no limit.
PAYEE_LOOKUPS_PER_HOUR = env.int("PAYEE_LOOKUPS_PER_HOUR", 30)
PAYEE_LOOKUPS_PER_DAY = env.int("PAYEE_LOOKUPS_PER_DAY", 60)
# How many PDF files of statements and receipts one member may make in an hour. 0 means no limit.
PDF_FILES_PER_HOUR = env.int("PDF_FILES_PER_HOUR", 60)
# How many codes of documents one network may check in an hour. 0 means no limit.
CODES_CHECKED_PER_HOUR = env.int("CODES_CHECKED_PER_HOUR", 60)
PAGE_SIZE = 20
PAGE_SIZE_PANEL = 50

# How often the worker checks the books.
CHECKS_EVERY_S = env.int("CHECKS_EVERY_S", 60 * 60)

# --- Panel --------------------------------------------------------------------------------------

# How many phone numbers and emails one staff member may look up in an hour. 0 means no limit.
CONTACT_LOOKUPS_PER_HOUR = env.int("CONTACT_LOOKUPS_PER_HOUR", 30)
# How large the file of a statement may be, in bytes.
STATEMENT_BYTES_AT_MOST = env.int("STATEMENT_BYTES_AT_MOST", 20 * 1024 * 1024)
# An export with more rows than this is made in the background, and its file kept for these days.
EXPORT_ROWS_DIRECT = env.int("EXPORT_ROWS_DIRECT", 10_000)
EXPORT_DAYS = max(env.int("EXPORT_DAYS", 7), 1)
# How long someone must be in finance before they can approve anything.
APPROVE_AFTER_HOURS = env.int("APPROVE_AFTER_HOURS", 24)
# How long a rail may take to show a payment on its statement before it is an exception.
RECONCILE_AFTER_HOURS = env.int("RECONCILE_AFTER_HOURS", 24)
# The worker seals what was written in open days when the newest seal is this old.
SEAL_EVERY_S = env.int("SEAL_EVERY_S", 300)
# How long a role with rights over money waits, if no second operator approves it.
ROLE_AFTER_HOURS = max(env.int("ROLE_AFTER_HOURS", 24), 1)

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

# --- Site ---------------------------------------------------------------------------------------

# How people reach us, as pages show it. If it's empty, pages offer no help. The default is made up,
# so it's only for DEBUG.
SUPPORT_CONTACT = env.str(
    "SUPPORT_CONTACT", "help@nissmart.example or 0800 000 000" if DEBUG else ""
)
# Who runs this site, and where members' money lies, in words for its public pages. An empty place
# stands for the operator's own account on the rail.
OPERATOR_NAME = env.str("OPERATOR_NAME", "Nissmart")
MONEY_IS_AT = env.str("MONEY_IS_AT", "")
# Where researchers report a weakness: `mailto:` and an email, or a URL. If it's empty, there is no
# security.txt.
SECURITY_CONTACT = env.str("SECURITY_CONTACT", "mailto:security@nissmart.example" if DEBUG else "")

# --- Language and time --------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# For a second language, such as Swahili: add it here, set LOCALE_PATHS to the folder of its
# translations, add Django's LocaleMiddleware below SessionMiddleware and above CommonMiddleware,
# and its formats of dates in `nissmart/formats/sw/`.
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
    "worker-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
MESSAGE_STORAGE = "wallet.web.cookies.Messages"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "nissmart.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
HTTPS = env.bool("HTTPS", not DEBUG)
DEVICE_COOKIE_NAME = "__Host-device" if HTTPS else "device"
if HTTPS:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    # `nissmart.incoming` refuses calls over plain HTTP. After a redirect the caller would never
    # notice that the token was sent in clear.
    # A scraper inside our network may use plain HTTP; a redirect wouldn't hide its token.
    SECURE_REDIRECT_EXEMPT = [r"^api/(?!docs$)", r"^metrics$"]
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
# Where this site is, for links in mail that a worker writes: it has no request to take it from.
HOST = next((name for name in ALLOWED_HOSTS if name[:1] not in "*."), "localhost:8000")
SITE_URL = env.str("SITE_URL", f"{ACCOUNT_DEFAULT_HTTP_PROTOCOL}://{HOST}").rstrip("/")
# The client's IP address (`wallet/web/http.py`). Without a proxy it's the socket's.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
CLIENT_IP_HEADER = env.str("CLIENT_IP_HEADER", "")
# WSGI writes `-` and `_` alike as `_`, so of `Client-Ip` a client could send another spelling. Of
# one word it can't.
if CLIENT_IP_HEADER and not (CLIENT_IP_HEADER.isascii() and CLIENT_IP_HEADER.isalnum()):
    raise ImproperlyConfigured(
        f"CLIENT_IP_HEADER is {CLIENT_IP_HEADER!r}: take one word without - and _, like Clientip."
    )
