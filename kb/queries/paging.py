"""Paging: which part of a list, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from kb.errors import InvalidInput

Item = TypeVar("Item")
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Paging:
    """Skip `offset` items, give at most `limit` (1 to 200)."""

    offset: int = 0
    limit: int = 50

    def __post_init__(self) -> None:
        if self.offset < 0 or not 1 <= self.limit <= MAX_LIMIT:
            raise InvalidInput(f"Ask for 1 to {MAX_LIMIT} items, from an offset of 0 or more.")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page, and how many items there are in all."""

    items: tuple[Item, ...]
    total: int
