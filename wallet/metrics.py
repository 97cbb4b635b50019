"""What a process counts about itself: requests, orders, commits, waits.

`nissmart/metrics/` shows these at /metrics, together with what it reads from the database. They are
declared here, on the lowest floor, so that every app can count. With PROMETHEUS_MULTIPROC_DIR set,
each process counts into its own file in that folder, and a scrape adds them up.

Every label has few values: a stranger can't make new ones up.
"""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

REQUEST_SECONDS = Histogram(
    "nissmart_request_seconds",
    "How long requests took, by the name of their URL pattern.",
    ["route", "method", "status"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
REFUSED_REQUESTS = Counter(
    "nissmart_refused_requests",
    "Requests answered with 4xx or 5xx, by status. 503 is busy, 429 a rate limit.",
    ["status"],
)
REQUESTS_IN_PROGRESS = Gauge(
    "nissmart_requests_in_progress",
    "Requests that are being answered now.",
    multiprocess_mode="livesum",
)
WEB_THREADS = Gauge(
    "nissmart_web_threads",
    "Threads that answer requests, in all web processes together.",
    multiprocess_mode="livesum",
)
ORDERS = Counter(
    "nissmart_orders",
    "Orders by kind and by what became of them: a status, a refusal's code, replayed or failed.",
    ["kind", "outcome"],
)
COMMIT_ORDERS = Histogram(
    "nissmart_commit_orders",
    "How many orders shared one commit.",
    buckets=(1, 2, 4, 8, 16, 32),
)
LOCK_WAITS = Counter(
    "nissmart_lock_waits", "Attempts of orders that waited for a lock in vain, until their limit."
)
LOCK_WAIT_SECONDS = Counter("nissmart_lock_wait_seconds", "How long those attempts waited.")
SLOW_QUERIES = Counter("nissmart_slow_queries", "Statements that took SLOW_QUERY_MS or longer.")
SLOW_REQUESTS = Counter("nissmart_slow_requests", "Requests that took SLOW_REQUEST_MS or longer.")
LOG_LINES_LEFT_OUT = Counter(
    "nissmart_log_lines_left_out",
    "Log lines that LOG_LINES_PER_MINUTE left out, by level.",
    ["level"],
)


# To look up the child of a metric takes as long as to count. There are few, so they are kept.
@cache
def request_seconds(route: str, method: str, status: int) -> Histogram:
    return REQUEST_SECONDS.labels(route, method, f"{status // 100}xx")


@cache
def orders(kind: str, outcome: str) -> Counter:
    return ORDERS.labels(kind, outcome)


# A counter begins at 0, or the first of its kind would be no increase.
for code in ("429", "500", "503"):
    REFUSED_REQUESTS.labels(code)
for name in ("INFO", "WARNING", "ERROR"):
    LOG_LINES_LEFT_OUT.labels(name)
