"""How long redaction takes, and whether hostile text makes it take longer than its length."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from eval.personal.fill import Text
from kb.text.redact import find_personal

LONG = 2_000  # characters that a suggestion looks through
SMALL, LARGE = 250_000, 1_000_000
_TIMES = 20
ENDLESS = ("1", "1 ", "@", "a.", "a@a ", "tel 1 ", "SI56 ", "12.05.1985 ", "ul. A 1 ", "Ana Novak ")


@dataclass(frozen=True, slots=True)
class Speed:
    """Processor seconds for 1,000 characters of ordinary texts, and for endless repetitions."""

    language: str
    per_thousand: float


@dataclass(frozen=True, slots=True)
class Growth:
    """Processor seconds on a small and a large text of one thing repeated."""

    unit: str
    small: float
    large: float

    @property
    def ratio(self) -> float:
        return self.large / max(self.small, 1e-6)


def measure_speed(language: str, texts: Sequence[Text]) -> Speed:
    """The mean over texts of 2,000 characters, put together from these; rules already loaded."""
    joined = "\n".join(text.text for text in texts)
    parts = [joined[at : at + LONG] for at in range(0, max(1, len(joined) - LONG), LONG)][:_TIMES]
    names = texts[0].names
    find_personal(parts[0], language, names=names)
    begun = time.process_time()
    for part in parts:
        find_personal(part, language, names=names)
    spent = time.process_time() - begun
    return Speed(language, 1_000 * spent / sum(map(len, parts)))


def measure_growth(unit: str, small: int = SMALL, large: int = LARGE) -> Growth:
    """The same thing over and over; four times the text should take four times as long."""
    return Growth(unit, _seconds(unit, small), _seconds(unit, large))


def _seconds(unit: str, size: int) -> float:
    text = (unit * (size // len(unit) + 1))[:size]
    begun = time.process_time()
    find_personal(text, "sl", names=("Ana Novak",))
    return time.process_time() - begun
