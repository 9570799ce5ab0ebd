"""Whether a turn asks anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb.assist import asks as module
from kb.assist.asks import WEIGHTS, asks, load_asks
from kb.errors import ConfigError
from kb.ports import Encoder

ASKING = [
    "Where is my parcel?",
    "my locker did not open",
    "Paczka ma status doręczona, ale jej nie dostałem",
    "balik prisel rozbity, jak podam reklamaci",
    "Kako spremenim naslov dostave?",
    "Nem kaptam PIN kódot a csomagautomatához",
    "thanks, and how much does it cost?",
]
SILENT = [
    "hi good morning",
    "ok thank you very much",
    "that's all, have a nice day",
    "dziękuję, to wszystko",
    "dobrý den",
    "hvala lepa, lep dan",
    "köszönöm szépen, viszlát",
    "LP4830012957",
    "john.smith@example.com",
    "yes",
]


def test_asking_and_silent_turns_fall_on_their_sides_of_the_threshold(encoder: Encoder) -> None:
    texts = ASKING + SILENT
    chances = asks(texts, encoder.encode(texts, "query"), encoder.model_id)
    threshold = load_asks().threshold
    assert [t for t, c in zip(texts, chances, strict=True) if c >= threshold] == ASKING


def test_another_encoder_is_judged_by_the_surface_alone(encoder: Encoder) -> None:
    vectors = encoder.encode(ASKING, "query")
    alone = asks(ASKING)
    assert np.array_equal(asks(ASKING, vectors, "some-other-model"), alone)
    assert not np.array_equal(asks(ASKING, vectors, encoder.model_id), alone)
    assert alone.min() > asks(SILENT).max()


def test_no_text_is_no_row_and_odd_text_is_no_error() -> None:
    assert asks([]).shape == (0,)
    odd = asks(["", " \n", "\x00", "😀😀", "ž" * 100_000, "؟ أين طردي"])
    assert ((odd >= 0) & (odd <= 1)).all()


def test_weights_are_small_and_say_where_they_come_from() -> None:
    assert WEIGHTS.stat().st_size < 100_000
    model = load_asks()
    assert model.version.startswith("asks-20")
    assert 0.1 < model.threshold < 0.6


def test_damaged_weights_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "asks.npz"
    path.write_bytes(WEIGHTS.read_bytes()[:500])
    monkeypatch.setattr(module, "WEIGHTS", path)
    load_asks.cache_clear()
    try:
        with pytest.raises(ConfigError, match="calibrate_asks"):
            load_asks()
    finally:
        load_asks.cache_clear()
