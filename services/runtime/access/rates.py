"""How often somebody may: token buckets in bounded memory."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

_MOST_CLIENTS = 10_000
# Below what a clock can tell: sums of fractions are not exact.
_NOTHING = 1e-6


class Rates:
    """A bucket of ``burst`` for each client, filled at ``per_second``. Thread-safe.

    The clients seen longest ago are forgotten beyond 10,000: a bucket not used for a while is full anyway.
    """

    def __init__(
        self, *, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, client: Hashable) -> int:
        """Take one; 0, or the whole seconds until there is one again."""
        with self._lock:
            now = self._clock()
            level, since = self._buckets.pop(client, (self._burst, now))
            level = min(self._burst, level + (now - since) * self._per_second)
            is_there = level >= 1 - _NOTHING
            self._buckets[client] = (level - 1 if is_there else level, now)
            if len(self._buckets) > _MOST_CLIENTS:
                self._buckets.popitem(last=False)
        return 0 if is_there else max(1, math.ceil((1 - level) / self._per_second - _NOTHING))
