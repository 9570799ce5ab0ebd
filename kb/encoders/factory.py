"""Picks the encoder that the settings name, and builds its files when they are missing."""

import hashlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import kb
from kb.config import Settings
from kb.encoders.build import ONNX_FOLDER, PACKAGED, PACKAGED_PLAIN, ST_FOLDER
from kb.encoders.manifest import MODEL_FILE, is_intact, read_manifest
from kb.errors import ConfigError, EncoderError
from kb.ports import Encoder

if TYPE_CHECKING:
    from kb.encoders.onnx import OnnxEncoder

Progress = Callable[[str], None]


@dataclass(frozen=True)
class LocalModel:
    """A model that runs on this machine. `source`: "packaged", "packaged-plain", a name or path."""

    source: str
    model_id: str
    folder: Path

    @property
    def is_packed(self) -> bool:
        """Whether its weights come with the program."""
        return self.source in (PACKAGED, PACKAGED_PLAIN)


def create_encoder(settings: Settings) -> Encoder:
    """The encoder of `settings.encoder`, built first when need be (a minute, once).

    Raises ConfigError for an unknown setting, EncoderError when the model cannot be had.
    """
    kind = "http" if settings.encoder.startswith("http:") else settings.encoder_runtime
    return _FACTORIES[kind](settings)


def ensure_model(settings: Settings, progress: Progress | None = None) -> Path | None:
    """Folder of the model's intact files, built or rebuilt in a process of its own when need be.

    None when no files are needed: the model is served elsewhere, or torch loads it by its name.
    """
    model = local_model(settings)
    if model is None:
        return None
    if settings.encoder_runtime == "onnx":
        folder = model.folder / ONNX_FOLDER
        try:
            read_manifest(folder)
        except EncoderError:
            _build(model, ONNX_FOLDER, progress)
            read_manifest(folder)
        return folder
    if not model.is_packed:
        return None
    if not is_intact(model.folder / ST_FOLDER):
        _build(model, ST_FOLDER, progress)
    return model.folder / ST_FOLDER


def local_model(settings: Settings) -> LocalModel | None:
    """The model behind the settings; None for "http:". Raises ConfigError."""
    kind, _, name = settings.encoder.partition(":")
    if kind == "http" and name:
        return None
    if settings.encoder in (PACKAGED, PACKAGED_PLAIN):
        from kb.encoders.packaged import MODEL_ID, PLAIN_MODEL_ID

        own = MODEL_ID if settings.encoder == PACKAGED else PLAIN_MODEL_ID
        return LocalModel(settings.encoder, own, settings.models_dir / own)
    if kind == "st" and name:
        model_id = _model_id(name)
        return LocalModel(name, model_id, settings.models_dir / model_id)
    raise ConfigError(
        f"Unknown encoder {settings.encoder!r}: set packaged, packaged-plain, st:<model or path>"
        " or http:<model>."
    )


# Hundreds of megabytes each: whoever asks for the same files in this process shares one. A file
# that was built anew is another one.
_loaded: WeakValueDictionary[tuple[Path, int, int, int], "OnnxEncoder"] = WeakValueDictionary()
_loading = threading.Lock()


def _create_onnx(settings: Settings) -> Encoder:
    model = local_model(settings)
    assert model is not None  # "http:" has its own factory
    folder = model.folder / ONNX_FOLDER
    with _loading:
        return _loaded_from(folder, settings.encoder_threads) or _load(settings, folder)


def _loaded_from(folder: Path, threads: int) -> "OnnxEncoder | None":
    try:
        return _loaded.get(_key(folder, threads))
    except OSError:  # no such file
        return None


def _load(settings: Settings, folder: Path) -> "OnnxEncoder":
    from kb.encoders.onnx import OnnxEncoder

    threads = settings.encoder_threads
    try:  # reads every file to check it: once is enough
        found = OnnxEncoder(folder, threads)
    except EncoderError:
        ensure_model(settings)
        found = OnnxEncoder(folder, threads)
    _loaded[_key(folder, threads)] = found
    return found


def _key(folder: Path, threads: int) -> tuple[Path, int, int, int]:
    file = (folder / MODEL_FILE).stat()
    return folder.resolve(), file.st_ino, file.st_mtime_ns, threads


def _create_torch(settings: Settings) -> Encoder:
    from kb.encoders.sentence_transformer import SentenceTransformerEncoder

    model = local_model(settings)
    assert model is not None  # "http:" has its own factory
    source = ensure_model(settings) or model.source
    return SentenceTransformerEncoder(str(source), model.model_id, settings.encoder_threads)


def _create_http(settings: Settings) -> Encoder:
    from kb.encoders.http import HttpEncoder

    local_model(settings)  # checks the name
    model = settings.encoder.removeprefix("http:")
    return HttpEncoder(settings.encoder_url, model, settings.encoder_api_key)


_FACTORIES: dict[str, Callable[[Settings], Encoder]] = {
    "onnx": _create_onnx,
    "torch": _create_torch,
    "http": _create_http,
}


def _build(model: LocalModel, what: str, progress: Progress | None) -> None:
    command = [sys.executable, "-m", "kb.encoders.build"]
    command += [model.source, model.model_id, str(model.folder), what]
    root = str(Path(kb.__file__).parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip())
            if progress:
                progress(lines[-1])
    if process.returncode:
        reason = lines[-1] if lines else f"exit status {process.returncode}"
        raise EncoderError(f"The model {model.model_id} could not be built: {reason}")


def _model_id(name: str) -> str:
    """A name usable as a folder; for a path its last part and a mark of the whole path."""
    path = Path(name)
    if not path.is_dir():
        return re.sub(r"[^\w.-]+", "--", name)
    mark = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    return re.sub(r"[^\w.-]+", "-", f"{path.resolve().name}-{mark}")
