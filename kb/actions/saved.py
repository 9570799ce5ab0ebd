"""What a save did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SaveStatus(StrEnum):
    created = "created"
    changed = "changed"
    unchanged = "unchanged"


@dataclass(frozen=True, slots=True)
class SaveResult:
    """The thing saved, what happened to it, and the version it stands at now."""

    id: str
    status: SaveStatus
    version: int
    redacted: int = 0  # spans of a case that are hidden
