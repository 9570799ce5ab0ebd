"""The audit's head: its last number and hash, kept in a file outside the database.

Whoever cuts entries off the end of the audit leaves a chain that is whole in itself; only
something kept elsewhere tells. The file is written after each commit and never behind it, so it
may fall short of the chain (a process was killed in between), but never reach past it.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from kb.errors import InvalidInput

FILE = "audit-head"
_LINE = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")
_writing = threading.Lock()


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The entry `number` has the hash `hash`, and stands for all before it."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


def parse_head(text: str) -> AuditHead:
    """Raises InvalidInput unless the text is what `potica audit head` prints."""
    found = _LINE.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(
            "A head of the audit is a number, a colon and 64 hexadecimal digits, as"
            " `potica audit head` prints it."
        )
    return AuditHead(int(found[1]), found[2])


def read_head(home: Path) -> AuditHead | None:
    """The head kept in `home`; None when there is none yet. Raises InvalidInput, OSError."""
    try:
        text = (home / FILE).read_text("ascii")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        text = ""
    return parse_head(text)


def keep_head(home: Path, head: AuditHead) -> None:
    """Write a head that is further on than the one kept. Raises OSError."""
    with _writing:
        try:
            kept = read_head(home)
        except InvalidInput:  # damaged: what is true now is better than that
            kept = None
        if kept is not None and kept.number >= head.number:
            return
        aside = home / f".{FILE}.{secrets.token_hex(4)}"
        aside.write_text(f"{head}\n", "ascii")
        os.replace(aside, home / FILE)
