"""Halves of a data set: one to tune with, one to report."""

from __future__ import annotations

import hashlib
from enum import StrEnum


class Split(StrEnum):
    """`dev` for tuning, `test` for reports, `all` for data that nothing was tuned on."""

    dev = "dev"
    test = "test"
    all = "all"

    def has(self, query_id: str) -> bool:
        """Whether this half holds the query; stable over runs, machines and file order."""
        return self is Split.all or (_byte(query_id) % 2 == 0) == (self is Split.dev)


def in_share(row_id: str, parts: int) -> bool:
    """Whether the row falls into the first of so many stable parts."""
    return _byte(f"part:{row_id}") % parts == 0


def stable_order(row_id: str) -> bytes:
    """A sort key that mixes rows the same way each time."""
    return hashlib.sha256(row_id.encode("utf-8", "surrogatepass")).digest()


def _byte(text: str) -> int:
    return stable_order(text)[0]
