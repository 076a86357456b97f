"""Python's cyclic garbage collector, held still while a great deal is built that lives on."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_still() -> Iterator[None]:
    """No cyclic garbage is looked for while the block runs, in any thread. As a decorator too.

    The collector walks all that was made each time that a share more was made, and finds nothing in what is
    only rows and their sums: for 20,000 projects a third of the time. What is dropped goes at once all the
    same, by its reference count. For seconds, not for a service's life.
    """
    if not gc.isenabled():
        # Whoever stopped it starts it again.
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        # What was made counts as old, so that it is not walked at once after all.
        gc.freeze()
        gc.unfreeze()
        gc.enable()
