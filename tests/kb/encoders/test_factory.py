"""Choosing an encoder and keeping its files whole."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from kb.config import Settings
from kb.encoders.factory import create_encoder, ensure_model, local_model
from kb.encoders.packaged import read_packed
from kb.errors import ConfigError, EncoderError
from kb.ports import Encoder


@pytest.mark.parametrize("name", ["", "nonsense", "st:", "http:", "openai:x"])
def test_an_unknown_encoder_is_a_configuration_error(settings: Settings, name: str) -> None:
    with pytest.raises(ConfigError, match="Unknown encoder"):
        create_encoder(settings.model_copy(update={"encoder": name}))


def test_a_damaged_model_is_rebuilt(
    settings: Settings, onnx_folder: Path, encoder: Encoder, tmp_path: Path
) -> None:
    home = settings.model_copy(update={"home": tmp_path})
    elsewhere = Settings(_env_file=None, **home.model_dump())
    folder = elsewhere.models_dir / encoder.model_id
    shutil.copytree(onnx_folder.parent, folder, ignore=shutil.ignore_patterns(".lock"))
    data = folder / "onnx" / "model.onnx.data"
    data.write_bytes(data.read_bytes()[:-4096])
    said: list[str] = []

    assert ensure_model(elsewhere, said.append) == folder / "onnx"

    assert any("Exporting" in line for line in said)
    assert not any("Unpacking" in line for line in said)  # those files were whole
    rebuilt = create_encoder(elsewhere).encode(["Hol van a csomagom?"], "query")
    np.testing.assert_allclose(rebuilt, encoder.encode(["Hol van a csomagom?"], "query"), atol=1e-3)


def test_a_process_holds_each_model_once(settings: Settings, encoder: Encoder) -> None:
    assert create_encoder(settings) is encoder
    other = create_encoder(settings.model_copy(update={"encoder_threads": 1}))
    assert other is not encoder
    asked = ["Where is it?", "Hol van a csomagom, amelyet a múlt héten feladtam?"]
    np.testing.assert_array_equal(other.encode(asked, "query"), encoder.encode(asked, "query"))


def test_a_model_that_cannot_be_had_says_so(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    missing = Settings(_env_file=None, home=tmp_path, encoder=f"st:{tmp_path / 'empty'}")

    with pytest.raises(EncoderError, match="could not be built"):
        create_encoder(missing)


def test_two_paths_with_one_last_part_are_two_models(tmp_path: Path) -> None:
    ids = set()
    for parent in ("a", "b"):
        path = tmp_path / parent / "model"
        path.mkdir(parents=True)
        model = local_model(Settings(_env_file=None, encoder=f"st:{path}"))
        assert model is not None
        ids.add(model.model_id)

    assert len(ids) == 2
    assert not any("/" in name for name in ids)


@pytest.mark.parametrize("content", [b"", b"not a model", b"E5S1" + b"\0" * 60])
def test_a_broken_weights_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(content)

    with pytest.raises(EncoderError, match="cannot be read"):
        read_packed(path)
