"""A stop ends a web process that is still starting: the handlers of its parent would swallow it."""

from __future__ import annotations

import importlib
import multiprocessing
import signal
import time
from multiprocessing.synchronize import Event

import pytest

from nissmart.front import entry

pytestmark = pytest.mark.any_engine


def start_slowly(is_starting: Event) -> None:
    signal.signal(signal.SIGTERM, lambda *_: None)
    importlib.reload(entry)
    is_starting.set()
    time.sleep(60)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_it_ends_immediately():
    fork = multiprocessing.get_context("fork")
    is_starting = fork.Event()
    process = fork.Process(target=start_slowly, args=(is_starting,))
    process.start()
    try:
        assert is_starting.wait(20)
        process.terminate()
        process.join(5)
        assert process.exitcode == -signal.SIGTERM
    finally:
        process.kill()
