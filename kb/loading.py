"""Loading much at once, without looking for garbage meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """What is made inside stays for as long as the process runs.

    The garbage collector would look through all of it again and again, a fifth of the time that
    modules take to load. It is told to leave it alone for good (`gc.freeze`), so that it does not
    do so while somebody waits for an answer either.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
