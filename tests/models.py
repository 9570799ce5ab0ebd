"""The real model, built once into a folder that outlives the test run."""

from __future__ import annotations

import os
from pathlib import Path

from kb.config import Settings

MODELS = Path(os.environ.get("POTICA_TEST_MODELS", Path(__file__).parents[1] / "var" / "models"))


class CachedModels(Settings):
    """Settings whose models lie in POTICA_TEST_MODELS, by default `var/models`."""

    @property
    def models_dir(self) -> Path:
        return MODELS
