"""`python -m nissmart.sandbox --port N`: start a simulator and print how to reach it."""

from __future__ import annotations

import argparse
import logging
import signal
from pathlib import Path
from tempfile import TemporaryDirectory

from nissmart.sandbox.keys import Keys
from nissmart.sandbox.merchant import Merchant
from nissmart.sandbox.phones import Act
from nissmart.sandbox.server import Server, resume
from nissmart.sandbox.simulator import build


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nissmart.sandbox", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=0, help="the port; 0, the default, picks a free one"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the ids and faults")
    parser.add_argument("--state", type=Path, help="file that keeps the book across restarts")
    parser.add_argument("--certificate", type=Path, help="where to write the certificate")
    parser.add_argument(
        "--settle", type=float, default=1.0, metavar="S", help="seconds from request to result"
    )
    parser.add_argument(
        "--phones",
        type=Act,
        choices=list(Act),
        default=Act.ASK,
        help="what phones do with a prompt",
    )
    parser.add_argument("--quiet", action="store_true", help="don't print how to reach it")
    parser.add_argument("--frozen", action="store_true", help="start with a frozen clock")
    parser.add_argument("--shortcode", default=Merchant.shortcode, help="the paybill")
    parser.add_argument("--b2c-shortcode", help="another shortcode for payouts")
    parser.add_argument("--float", type=int, default=Merchant.float_shillings, dest="money")
    return parser.parse_args()


def print_settings(url: str, settings: dict[str, str]) -> None:
    print(f"M-PESA sandbox at {url}", flush=True)
    for name, value in settings.items():
        print(f"{name}={value}", flush=True)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    options = arguments()
    signal.signal(signal.SIGTERM, interrupt)
    logging.basicConfig(level=logging.INFO, format="sandbox: %(message)s")
    merchant = Merchant(
        shortcode=options.shortcode,
        b2c_shortcode=options.b2c_shortcode or options.shortcode,
        float_shillings=options.money,
    )
    with TemporaryDirectory() as scratch:
        certificate = options.certificate or Path(scratch) / "certificate.pem"
        simulator = build(
            seed=options.seed,
            merchant=merchant,
            keys=Keys.beside(certificate),
            state=options.state,
            settle_s=options.settle,
        )
        simulator.phones.default = options.phones
        simulator.timeline.set_frozen(options.frozen)
        server = Server(simulator, options.port)
        resume(simulator)
        if not options.quiet:
            print_settings(server.url, merchant.settings(server.url, str(certificate)))
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            server.server_close()


if __name__ == "__main__":
    main()
