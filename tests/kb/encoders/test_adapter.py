"""The adapter that arrives with the program, and files that are not one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb.encoders.adapter import FILE, merge_adapter
from kb.errors import EncoderError
from tests.tiny import HIDDEN, tiny_model

NAME = "0.attention.self.query"
DOWN = np.ones((2, HIDDEN), np.float16)
UP = np.ones((HIDDEN, 2), np.float16)


def test_it_changes_the_attention_of_every_layer() -> None:
    with np.load(FILE) as stored:
        names = {name.rpartition(".")[0] for name in stored}

    linears = ("self.query", "self.key", "self.value", "output.dense")
    assert names == {f"{n}.attention.{linear}" for n in range(12) for linear in linears}


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {f"{NAME}.down": DOWN},
        {f"{NAME}.up": UP},
        {f"{NAME}.up": UP, f"{NAME}.down": DOWN, "means.sl": DOWN},
        {f"{NAME}.up": UP, f"{NAME}.down": np.ones((2, 1), np.float16)},
        {f"{NAME}.up": UP, f"{NAME}.down": np.ones((3, HIDDEN), np.float16)},
        {f"{NAME}.up": UP * np.float16("nan"), f"{NAME}.down": DOWN},
        {"9.attention.self.query.up": UP, "9.attention.self.query.down": DOWN},
        {"0.attention.output.LayerNorm.up": UP, "0.attention.output.LayerNorm.down": DOWN},
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, parts: dict[str, np.ndarray]) -> None:
    file = tmp_path / "adapter.npz"
    np.savez(file, **parts)
    model = tiny_model(tmp_path / "model")
    before = {name: weight.clone() for name, weight in model.state_dict().items()}

    with pytest.raises(EncoderError, match="does not fit the model"):
        merge_adapter(model, file)

    assert all(weight.equal(before[name]) for name, weight in model.state_dict().items())


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "model")
    whole, file = FILE.read_bytes(), tmp_path / "adapter.npz"
    np.save(tmp_path / "one.npy", DOWN)
    changed = whole[:5000] + bytes(64) + whole[5064:]
    one_array = (tmp_path / "one.npy").read_bytes()
    for content in (b"", b"not an archive", whole[:-4096], changed, one_array):
        file.write_bytes(content)
        with pytest.raises(EncoderError, match=r"adapter\.npz is missing"):
            merge_adapter(model, file)
    with pytest.raises(EncoderError, match=r"nowhere\.npz is missing"):
        merge_adapter(model, tmp_path / "nowhere.npz")
