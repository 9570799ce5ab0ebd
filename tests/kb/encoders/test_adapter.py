"""The adapter that arrives with the program, and files that are not one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from kb.config import Settings
from kb.encoders.adapter import FILE, merge_adapter
from kb.encoders.factory import ensure_model, local_model
from kb.encoders.packaged import MODEL_ID, read_packed, weights_path
from kb.errors import EncoderError
from tests.tiny import HIDDEN, tiny_model

NAME = "0.attention.self.query"
DOWN = np.ones((2, HIDDEN), np.float16)
UP = np.ones((HIDDEN, 2), np.float16)


def test_the_built_model_is_the_packed_weights_and_the_adapter(settings: Settings) -> None:
    model = local_model(settings)
    assert model is not None
    assert model.model_id == model.folder.name == MODEL_ID
    folder = ensure_model(settings.model_copy(update={"encoder_runtime": "torch"}))
    assert folder is not None
    built, packed = load_file(folder / "model.safetensors"), read_packed(weights_path())

    with np.load(FILE) as stored:
        for layer in (0, packed.shape.layers - 1):
            parts = [stored[f"{layer}.attention.self.query.{part}"] for part in ("up", "down")]
            up, down = (part.astype(np.float32) for part in parts)
            weight = packed.tensor(f"l{layer}.q.w").reshape(up.shape[0], down.shape[1])
            found = built[f"encoder.layer.{layer}.attention.self.query.weight"]
            np.testing.assert_allclose(found, weight + up @ down, atol=1e-6)
            assert np.abs(found - weight).max() > 1e-3


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
