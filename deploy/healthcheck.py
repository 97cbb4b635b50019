"""Ask the web server on this machine whether it's alive, as the proxy would. Exits 1 if it isn't.

python deploy/healthcheck.py [/readyz]
"""

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT_S = 5


def main(path: str = "/healthz") -> int:
    # The site answers only to its names, and sends those who come by plain HTTP elsewhere.
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    headers = {"Host": host, "X-Forwarded-Proto": "https"}
    port = int(os.environ.get("PORT", "8000"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        words = answer.read(200).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer: {error}", file=sys.stderr)
        return 1
    print(f"{answer.status} {words}")
    return int(answer.status != http.client.OK)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
