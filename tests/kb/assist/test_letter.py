"""A long letter is read to its end, in pieces."""

from __future__ import annotations

from kb.assist.dialog import read_dialog
from kb.assist.letter import PIECE, PIECES, letter_pieces
from kb.assist.types import Message, SuggestRequest
from kb.config import Settings
from kb.ports import Encoder

STORY = [f"On day {n} the courier stood before the closed gate number {n}." for n in range(60)]


def _pieces(*texts: str, role: str = "customer") -> tuple[str, ...]:
    return letter_pieces([Message(role, text) for text in texts], "en")


def test_every_sentence_is_in_one_piece_and_stays_whole() -> None:
    pieces = _pieces("\n".join(STORY))
    assert len(pieces) > 1
    assert all(len(piece) <= PIECE for piece in pieces)
    assert " ".join(pieces) == " ".join(STORY)


def test_what_fits_into_one_has_none() -> None:
    assert _pieces(" ".join(STORY[:10])) == ()
    assert _pieces("") == ()


def test_messages_after_each_other_are_one_letter() -> None:
    assert _pieces(" ".join(STORY[:30]), " ".join(STORY[30:])) == _pieces("\n".join(STORY))


def test_an_agents_words_are_no_letter() -> None:
    assert _pieces(" ".join(STORY), role="agent") == ()


def test_there_is_an_end_to_it() -> None:
    pieces = _pieces(" ".join(STORY * 20))
    assert 1 < len(pieces) <= PIECES + 1
    assert sum(map(len, pieces)) <= PIECE * PIECES
    assert len(_pieces("no full stop and no end " * 2000)) <= PIECES + 1


def test_odd_characters_do_no_harm() -> None:
    for piece in _pieces("\x00\ud800 أين طردي؟ " * 300):
        assert "\x00" not in piece
        piece.encode()


def test_its_vectors_come_with_those_of_the_query(encoder: Encoder, settings: Settings) -> None:
    letter = SuggestRequest((Message("customer", " ".join(STORY)),))
    reading = read_dialog(letter, encoder, settings)
    assert len(reading.query.pieces) > 1
    assert len(reading.vectors) == 2 + len(reading.query.pieces)
    alone = encoder.encode([reading.query.pieces[-1]], "query")[0]
    assert float(alone @ reading.vectors[-1]) > 0.999


def test_a_dialog_has_no_pieces(encoder: Encoder, settings: Settings) -> None:
    said = (Message("customer", " ".join(STORY)), Message("agent", "I am sorry. Which gate?"))
    dialog = SuggestRequest((*said, Message("customer", "The one in Brno, gate 7.")))
    reading = read_dialog(dialog, encoder, settings)
    assert reading.query.pieces == ()
    assert reading.vectors.shape == (2, encoder.dim)
