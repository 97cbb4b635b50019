"""The M-PESA simulator that `make run RAIL=mpesa` starts beside the site, and M-PESA's settings."""

from __future__ import annotations

import hashlib
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from supervise import Service

from nissmart.embedded_postgres import free_port
from nissmart.sandbox.keys import Keys
from nissmart.sandbox.merchant import Merchant

# What the rail can't do without, and what to set it to.
NEEDED = {
    "MPESA_BASE_URL": "https://api.safaricom.co.ke, or https://sandbox.safaricom.co.ke to try it",
    "MPESA_CONSUMER_KEY": "of your app on the Daraja portal",
    "MPESA_CONSUMER_SECRET": "of your app on the Daraja portal",
    "MPESA_SHORTCODE": "the paybill for deposits",
    "MPESA_PASSKEY": "the paybill's passkey for STK push",
    "MPESA_B2C_SHORTCODE": "the shortcode for payouts",
    "MPESA_INITIATOR": "the API user of the M-PESA portal",
    "MPESA_INITIATOR_PASSWORD": "the password of that API user",
    "MPESA_CERTIFICATE": "the path of Safaricom's certificate",
    "MPESA_CALLBACK_BASE_URL": "where Safaricom reaches this site: https://pay.example.com",
    "MPESA_CALLBACK_SECRET": "16 to 100 random letters and digits",
}
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
LOOPBACK = ("127.0.0.1", "0.0.0.0", "::1", "::")  # nosec B104: only compared


def wants_sandbox(environ: Mapping[str, str], *, is_private: bool) -> bool:
    """Start the simulator? Only for a private site, since its money isn't real.

    And only if no setting says that there is a real M-PESA, or a simulator that runs already.
    """
    is_mpesa = environ.get("RAIL") == "mpesa"
    return is_mpesa and is_private and missing(environ) == NEEDED


def missing(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: what for name, what in NEEDED.items() if not environ.get(name, "").strip()}


def callback_host(hosts: Sequence[str], allowed: Sequence[str]) -> str:
    """The name by which the simulator reaches the site; "" if it can't.

    `hosts` is where the site listens, `allowed` the names that it answers to.
    """
    if hosts[0] not in LOOPBACK:
        return ""
    return next((name for name in LOCAL_HOSTS if {name, "*"} & set(allowed)), "")


class Sandbox:
    """A simulator with its book, certificate and settings in `folder`.

    Delete the folder only together with the database: a new book knows of no earlier payment.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.certificate = folder / "certificate.pem"

    def prepare(self, site_url: str, site_secret: str) -> dict[str, str]:
        """Make the certificate, and return the settings that point the site at the simulator.

        They are in the file `settings` too, for `manage.py work` in another terminal.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        Keys.beside(self.certificate)
        settings = Merchant().settings(self.url, str(self.certificate)) | {
            "MPESA_CALLBACK_BASE_URL": site_url,
            # The same after a restart, when callbacks may still be on their way.
            "MPESA_CALLBACK_SECRET": hashlib.sha256(
                f"callbacks {site_secret}".encode()
            ).hexdigest(),
        }
        file = self.folder / "settings"
        file.touch(mode=0o600)
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return settings

    def service(self) -> Service:
        command = [sys.executable, "-m", "nissmart.sandbox", "--quiet", f"--port={self.port}"]
        command += [f"--state={self.folder / 'book.jsonl'}", f"--certificate={self.certificate}"]
        command += [f"--seed={secrets.randbelow(10**9)}"]
        return Service("M-PESA simulator", command, ("127.0.0.1", self.port))

    def announcement(self) -> str:
        return (
            f"M-PESA is a simulator, and no money is real:\n"
            f"  phones     {self.url}/phone/\n"
            f"  book       {self.url}/_sim/book\n"
            f"  statement  {self.url}/_sim/statement.csv"
        )
