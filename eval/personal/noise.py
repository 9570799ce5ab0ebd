"""The untidiness of real messages, put into a text piece by piece so that spans stay known."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from random import Random

from kb.text.redact import PersonalKind

_UNTIDY = {"chat", "social", "phone"}
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_NUMBERS = {kind for kind in PersonalKind if kind not in {PersonalKind.name, PersonalKind.address}}
_STROKES = str.maketrans("łŁđĐ", "lLdD")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; `kind` is None where it is not personal."""

    text: str
    kind: PersonalKind | None = None


def untidy(pieces: list[Piece], channel: str, rng: Random) -> list[Piece]:
    """The same pieces as somebody in a hurry would have typed them."""
    loose = channel in _UNTIDY
    if rng.random() < (0.35 if loose else 0.1):
        pieces = [Piece(_bare(piece.text), piece.kind) for piece in pieces]
    chance = rng.random()
    if chance < (0.3 if loose else 0.03):
        pieces = [Piece(piece.text.lower(), piece.kind) for piece in pieces]
    elif chance > (0.97 if loose else 0.99):
        pieces = [Piece(piece.text.upper(), piece.kind) for piece in pieces]
    if rng.random() < (0.5 if loose else 0.2):
        pieces = [Piece(_typos(p.text, rng), None) if p.kind is None else p for p in pieces]
    return [_odd_characters(piece, rng) if piece.kind in _NUMBERS else piece for piece in pieces]


def _bare(text: str) -> str:
    parts = unicodedata.normalize("NFD", text.translate(_STROKES))
    return "".join(char for char in parts if not unicodedata.combining(char))


def _typos(text: str, rng: Random) -> str:
    """Every twelfth longer word or so with two letters swapped, one lost or one doubled."""
    return re.sub(r"[^\W\d_]{5,}", lambda m: _typo(m[0], rng), text)


def _typo(word: str, rng: Random) -> str:
    if rng.random() > 1 / 12:
        return word
    at = rng.randint(1, len(word) - 3)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return rng.choice([swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]])


def _odd_characters(piece: Piece, rng: Random) -> Piece:
    """Spaces, hyphens and digits that phones and word processors put in their own forms."""
    text, chance = piece.text, rng.random()
    if chance < 0.08:
        text = text.replace(" ", rng.choice("\u00a0\u202f\u2009"))
    elif chance < 0.14:
        text = text.replace("-", rng.choice("\u2011\u2013\u2010"))
    elif chance < 0.17:
        text = text.translate(_WIDE)
    return Piece(text, piece.kind)
