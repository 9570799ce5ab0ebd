"""The real model, built once into a folder that outlives the test run."""

from pathlib import Path

import pytest

from kb.config import Settings
from kb.encoders.factory import create_encoder, ensure_model
from kb.ports import Encoder
from tests.models import CachedModels


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
