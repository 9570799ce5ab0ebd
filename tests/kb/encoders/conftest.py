"""The real model, built once into a folder that outlives the test run."""

import os
from pathlib import Path

import pytest

from kb.config import Settings
from kb.encoders.factory import create_encoder, ensure_model
from kb.ports import Encoder

ROOT = Path(__file__).parents[3]


class CachedModels(Settings):
    """Settings whose models lie in POTICA_TEST_MODELS, by default `var/models`."""

    @property
    def models_dir(self) -> Path:
        return Path(os.environ.get("POTICA_TEST_MODELS", ROOT / "var" / "models"))


@pytest.fixture(scope="session")
def settings() -> Settings:
    return CachedModels(_env_file=None)


@pytest.fixture(scope="session")
def onnx_folder(settings: Settings) -> Path:
    folder = ensure_model(settings)
    assert folder is not None
    return folder


@pytest.fixture(scope="session")
def encoder(settings: Settings) -> Encoder:
    return create_encoder(settings)


@pytest.fixture(scope="session")
def torch_encoder(settings: Settings) -> Encoder:
    return create_encoder(settings.model_copy(update={"encoder_runtime": "torch"}))
