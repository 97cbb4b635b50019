"""What threads bring at the same time is done together: many rows for the price of one commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from django.conf import settings

from wallet.errors import Busy, OutcomeUnknown

# How long the others are waited for, which is little beside a call of a rail.
GATHER_S = 0.005


class Together[Item, Done]:
    """Call it with an item: it returns what `do` makes of that item.

    One thread at a time is in `do`, with all items that wait then; those that come meanwhile are
    the next batch. When a batch fails, each item is tried alone, so that one keeps no other from
    being done; not when the database was busy, or may have committed it. Raises what `do` raises.
    """

    def __init__(self, do: Callable[[Sequence[Item]], Sequence[Done]]) -> None:
        self.do = do
        self.changed = threading.Condition()
        self.is_at_work = False
        self.waiting: list[tuple[Item, Future[Done]]] = []

    def __call__(self, item: Item) -> Done:
        future: Future[Done] = Future()
        with self.changed:
            self.waiting.append((item, future))
            self.changed.wait_for(lambda: future.done() or not self.is_at_work)
            if future.done():
                return future.result()
            self.is_at_work = True
        try:
            self.run(self.gather())
        finally:
            with self.changed:
                self.is_at_work = False
                self.changed.notify_all()
        return future.result()

    def gather(self) -> Sequence[tuple[Item, Future[Done]]]:
        if settings.PAYOUT_THREADS > 1:
            time.sleep(GATHER_S)
        with self.changed:
            batch, self.waiting = self.waiting, []
        return batch

    def run(self, batch: Sequence[tuple[Item, Future[Done]]]) -> None:
        try:
            results = self.do([item for item, _future in batch])
        except BaseException as error:
            is_ours = isinstance(error, Exception) and not isinstance(error, Busy | OutcomeUnknown)
            if is_ours and len(batch) > 1:
                for each in batch:
                    self.run([each])
                return
            for _item, future in batch:
                future.set_exception(error)
            return
        for (_item, future), done in zip(batch, results, strict=True):
            future.set_result(done)
