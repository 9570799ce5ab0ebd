"""The ledger of erasures: a file outside the database, so that no old copy undoes an erasure.

`<home>/erasures.jsonl`, a line of JSON each, only ever added to and flushed to disk before a row
is deleted. It names nobody: customers are keyed hashes, texts are keyed hashes and places.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from kb.domain import utc_now
from kb.errors import ConfigError
from kb.queries.privacy import ErasurePlan

FILE = "erasures.jsonl"
log = structlog.get_logger(__name__)


class LedgerLine(BaseModel):
    """`begin` holds what is to be erased, `done` that no trace is left of it."""

    model_config = ConfigDict(frozen=True)

    id: str
    step: Literal["begin", "done"]
    at: datetime
    key: str  # fingerprint of the key that the hashes were made with
    plan: ErasurePlan | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One erasure; not `done` when it was broken off before all traces were gone."""

    id: str
    key: str
    plan: ErasurePlan
    done: bool


def read_ledger(home: Path) -> list[LedgerEntry]:
    """Every erasure, the oldest first. A line that cannot be read is told of and left out.

    Raises ConfigError when the file cannot be read at all.
    """
    try:
        text = (home / FILE).read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(
            f"The ledger of erasures {home / FILE} cannot be read ({error.strerror}): make it"
            " readable, or what was erased may come back."
        ) from error
    lines: list[LedgerLine] = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            lines.append(LedgerLine.model_validate_json(line))
        except ValidationError:  # the last one is half-written when its writer was killed
            log.warning("ledger.line_not_read", line=number)
    done = {line.id for line in lines if line.step == "done"}
    return [
        LedgerEntry(line.id, line.key, line.plan, line.id in done)
        for line in lines
        if line.step == "begin" and line.plan is not None
    ]


def note_begin(home: Path, key: str, plan: ErasurePlan) -> LedgerEntry:
    """Keep what is to be erased, on disk when this returns. Raises ConfigError."""
    entry_id = f"era_{secrets.token_hex(8)}"
    line = LedgerLine(id=entry_id, step="begin", at=plan.at, key=key, plan=plan)
    _append(home, [line.model_dump_json()])
    return LedgerEntry(entry_id, key, plan, done=False)


def note_done(home: Path, entries: Sequence[LedgerEntry]) -> None:
    """Keep that no trace is left of these. Raises ConfigError."""
    lines = [LedgerLine(id=e.id, step="done", at=utc_now(), key=e.key) for e in entries]
    _append(home, [line.model_dump_json(exclude={"plan"}) for line in lines])


def add_lines(home: Path, text: str) -> int:
    """Take over the lines of another copy of the ledger that are not here; gives how many."""
    kept = home / FILE
    here = set(kept.read_text("utf-8").splitlines()) if kept.exists() else set()
    new = [line for line in text.splitlines() if line.strip() and line not in here]
    _append(home, new)
    return len(new)


def _append(home: Path, lines: Sequence[str]) -> None:
    """One write, then to the disk; a half line that a killed writer left is closed first."""
    if not lines:
        return
    file = home / FILE
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b") as out:
            size = out.seek(0, os.SEEK_END)
            if size:
                out.seek(size - 1)
            torn = bool(size) and out.read(1) != b"\n"
            out.write(("\n" if torn else "").encode() + "".join(f"{x}\n" for x in lines).encode())
            out.flush()
            os.fsync(out.fileno())
        folder = os.open(home, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise ConfigError(
            f"The ledger of erasures {file} cannot be written ({error.strerror}): nothing was"
            " erased. Make the folder writable and erase again."
        ) from error
