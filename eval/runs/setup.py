"""What every run needs: settings, the encoder, and the versions to note with the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from eval.cache import CachedEncoder
from eval.datasets import Languages
from eval.progress import Progress
from kb import __version__
from kb.config import Settings
from kb.encoders.build import PACKAGED, PACKAGED_PLAIN
from kb.encoders.factory import create_encoder, ensure_model
from kb.ports import Encoder

PACKAGES = ("faiss-cpu", "onnxruntime", "simplemma", "numpy")


@dataclass(frozen=True, slots=True)
class Setup:
    """Settings and an encoder that keeps what it has encoded under `<home>/eval-cache`.

    `plain` is what "dense" means in the baselines: the encoder as its makers gave it, where the
    engine's own has an adapter; else the same.
    """

    settings: Settings
    encoder: Encoder
    plain: Encoder

    @property
    def languages(self) -> Languages:
        return Languages(self.settings.languages)

    def versions(self) -> Mapping[str, str]:
        """Of the model and of the libraries that take part in a ranking."""
        libraries = {name: version(name) for name in PACKAGES}
        models = {"model": self.encoder.model_id}
        if self.plain.model_id != self.encoder.model_id:
            models["model of the baselines"] = self.plain.model_id
        return {"potica": __version__, **models, **libraries}


def open_setup(settings: Settings, progress: Progress) -> Setup:
    """Builds the encoder first where it is missing (a minute, once). Raises EncoderError."""
    with progress.task("Loading the encoder") as task:
        ensure_model(settings)
        cache = settings.home / "eval-cache"
        encoder = plain = CachedEncoder(create_encoder(settings), cache)
        if settings.encoder == PACKAGED:
            without = settings.model_copy(update={"encoder": PACKAGED_PLAIN})
            plain = CachedEncoder(create_encoder(without), cache)
        task.done()
    return Setup(settings, encoder, plain)
