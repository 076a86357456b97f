"""How often somebody may: token buckets in bounded memory."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

_MOST_CLIENTS = 10_000
_MOST_UNKNOWN = 1_000
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

    def is_empty(self, client: Hashable) -> bool:
        """Whether the next ``take`` would be told to wait."""
        with self._lock:
            return self._level(client, self._clock()) < 1 - _NOTHING

    def _level(self, client: Hashable, now: float) -> float:
        level, since = self._buckets.get(client, (self._burst, now))
        return min(self._burst, level + (now - since) * self._per_second)

    def take(self, client: Hashable) -> int:
        """Take one; 0, or the whole seconds until there is one again."""
        with self._lock:
            now = self._clock()
            level = self._level(client, now)
            self._buckets.pop(client, None)
            is_there = level >= 1 - _NOTHING
            self._buckets[client] = (level - 1 if is_there else level, now)
            if len(self._buckets) > _MOST_CLIENTS:
                self._buckets.popitem(last=False)
        return 0 if is_there else max(1, math.ceil((1 - level) / self._per_second - _NOTHING))


class LatelyUnknown:
    """Secrets that no token had when they were looked up, by their hashes: the last 1,000. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hashes: OrderedDict[bytes, None] = OrderedDict()

    def add(self, hashed: bytes) -> None:
        """Remember one."""
        with self._lock:
            self._hashes[hashed] = None
            self._hashes.move_to_end(hashed)
            if len(self._hashes) > _MOST_UNKNOWN:
                self._hashes.popitem(last=False)

    def __contains__(self, hashed: object) -> bool:
        with self._lock:
            return hashed in self._hashes
