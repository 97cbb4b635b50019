"""Run Debian's nginx with `deploy/nginx/`. Only the files of a site are the test's."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from tests.postgres import free_port

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
GIVEN = Path(settings.BASE_DIR) / "deploy/nginx"
MAIN = """
{user}
daemon off;
pid {place}/nginx.pid;
error_log {place}/error.log notice;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    include nissmart.conf;
}}
"""


class Proxy(NamedTuple):
    http: int
    https: int
    certificate: Path
    process: subprocess.Popen[bytes]


@contextmanager
def proxy(place: Path, product: int, **spoiled: str) -> Iterator[Proxy]:
    """nginx in front of the product on this port, during the block.

    `spoiled` are directives of nissmart/limits.conf with another value.
    """
    http, https = free_port(), free_port()
    write_site(place, http, https, product)
    limits = place / "nissmart/limits.conf"
    for name, value in spoiled.items():
        limits.write_text(re.sub(rf"(?m)^{name} .*", f"{name} {value};", limits.read_text()))
    command = [NGINX, "-p", place, "-c", place / "nginx.conf"]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(https)
        yield Proxy(http, https, place / "certificate.pem", process)
    finally:
        process.terminate()
        process.wait(15)


def write_site(place: Path, http: int, https: int, product: int) -> None:
    """The folder /etc/nginx of a site: what we hand out, with its ports and its certificate."""
    shutil.copytree(GIVEN, place, dirs_exist_ok=True)
    make_certificate(place)
    log = f"access_log {place}/access.log nissmart; server_name localhost;\n"
    upstream = (place / "nissmart/upstream.conf").read_text()
    upstream = upstream.replace("127.0.0.1:8000", f"127.0.0.1:{product}")
    (place / "nissmart/upstream.conf").write_text(upstream)
    (place / "nissmart/plain.conf").write_text(f"listen 127.0.0.1:{http}; {log}")
    (place / "nissmart/tls.conf").write_text(
        f"listen 127.0.0.1:{https} ssl http2; {log}"
        f"ssl_certificate {place}/certificate.pem; ssl_certificate_key {place}/key.pem;\n"
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (place / "nginx.conf").write_text(MAIN.format(place=place, user=user))


def make_certificate(place: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (place / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    plain = serialization.NoEncryption()
    (place / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nginx doesn't answer")
