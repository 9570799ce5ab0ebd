"""A long letter, cut into pieces that are asked one by one (`kb.search.pieces`)."""

from __future__ import annotations

from collections.abc import Sequence

from kb.assist.turns import clean, one_line
from kb.assist.types import Message
from kb.text.sentences import split_sentences

PIECE = 1500  # characters of a piece: about what the encoder reads
PIECES = 8  # what comes after them is not read


def letter_pieces(messages: Sequence[Message], language: str) -> tuple[str, ...]:
    """Whole sentences of what the customer wrote, in pieces; none of what fits into one."""
    said = "\n".join(message.text for message in messages if message.role == "customer")
    text = clean(said[: PIECE * PIECES])
    pieces: list[str] = []
    for span in split_sentences(text, language):
        sentence = one_line(text[span.start : span.end])
        if pieces and len(pieces[-1]) + len(sentence) < PIECE:
            pieces[-1] += f" {sentence}"
        elif sentence:
            pieces.append(sentence)
    return tuple(pieces) if len(pieces) > 1 else ()
