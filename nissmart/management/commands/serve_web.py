"""manage.py serve_web: serve the site over HTTP, for a proxy that ends TLS."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from nissmart.front.command import command, root


class Command(BaseCommand):
    help = "Serve the site over HTTP on one IP address. The process becomes the web server."
    # The server checks what it needs when it starts.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the IP address to listen on")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=2, help="processes that serve")

    def handle(self, *, host: str, port: int, workers: int, **options: Any) -> None:
        arguments = command(host=host, port=port, workers=workers, log_level="warning")
        os.chdir(root())
        os.execv(arguments[0], arguments)
