"""What lies in a model's folder, and whether it is still what was written there."""

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from kb.errors import EncoderError

FORMAT = 2
MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"


class Manifest(BaseModel):
    """Describes one exported model. `max_tokens` counts prompt and special tokens too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    model_id: str
    dim: int
    max_tokens: int
    pad_id: int
    prompts: dict[str, str]
    inputs: tuple[str, ...]
    quantisation: str
    files: dict[str, str]  # name -> SHA-256
    versions: dict[str, str]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest; last, so that a folder with one is complete."""
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model whose files are all there and unchanged. Raises EncoderError."""
    try:
        text = (folder / MANIFEST_FILE).read_text(encoding="utf-8")
        manifest = Manifest.model_validate_json(text)
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise EncoderError(
            f"The model in {folder} has no readable manifest: build it again."
        ) from error
    if manifest.format != FORMAT:
        raise EncoderError(f"The model in {folder} is of another version: build it again.")
    _verify(folder, manifest.files)
    return manifest


def write_checksums(folder: Path) -> None:
    """Seal a folder that has no manifest of its own, such as a saved SentenceTransformer."""
    text = json.dumps(checksums(folder), indent=2)
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")


def is_intact(folder: Path) -> bool:
    """Whether a folder sealed by `write_checksums` is complete and unchanged."""
    try:
        _verify(folder, json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, AttributeError, EncoderError):
        return False
    return True


def _verify(folder: Path, files: dict[str, str]) -> None:
    for name, expected in files.items():
        path = folder / name
        if not path.is_file() or _sha256(path) != expected:
            raise EncoderError(f"{name} in {folder} is missing or damaged: build the model again.")


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 in hexadecimal of each file in `folder`, by relative path; the manifest left out."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: _sha256(path) for name, path in names.items() if name != MANIFEST_FILE}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
