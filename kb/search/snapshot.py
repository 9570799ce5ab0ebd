"""Snapshots: the index on disk, written aside, checked by SHA-256, swapped by one rename.

`<index_dir>/<generation>/` holds `rows.npz` (ids, pages, vectors), `text.json` (keys, labels,
terms), `means.npz` and `manifest.json`; `<index_dir>/CURRENT` names the generation in use. SQL
stays the truth: whatever does not match its manifest is set aside and built again from SQL.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from kb.db import session_factory
from kb.errors import SearchIndexError
from kb.ports import PassageLabels
from kb.queries.passages import IndexRow, index_state, iter_index_rows
from kb.queries.privacy import erased_seq
from kb.search.centre import Means, learn_means
from kb.search.segment import PageKey, Rows, collect_rows

FORMAT = 2
FILES = ("rows.npz", "text.json", "means.npz")
KEEP = 2  # generations kept: the one in use and the one before
MEAN_ROWS = 20_000  # vectors per kind and language from which the means are taken

# What CURRENT may name: never "..", which set aside would take the whole home with it.
GENERATION = re.compile(r"[0-9]{12,20}-[0-9a-f]{8}")

Progress = Callable[[int, int], None]


class Manifest(BaseModel):
    """What a snapshot holds and how to know that it is whole."""

    format: int = FORMAT
    generation: str
    model_id: str
    dim: int
    passages: int
    pages: int
    watermark: int
    removed_seq: int
    created_at: float  # seconds since 1970
    sha256: dict[str, str]
    seal: str = ""  # SHA-256 of this manifest as written without it

    def sealed(self) -> bytes:
        """The manifest as it is written: a changed byte anywhere no longer fits the seal."""
        plain = self.model_copy(update={"seal": ""}).model_dump_json(indent=1).encode()
        seal = hashlib.sha256(plain).hexdigest()
        return self.model_copy(update={"seal": seal}).model_dump_json(indent=1).encode()


@dataclass(frozen=True)
class Snapshot:
    manifest: Manifest
    rows: Rows
    means: Means


def build_snapshot(
    session: Session, index_dir: Path, model_id: str, progress: Progress | None = None
) -> Manifest:
    """Write a new generation from SQL (no encoder needed) and make it the current one.

    `progress` is told (passages read, total). Raises SearchIndexError when the disk refuses.
    """
    state = index_state(session)
    found = []
    for row in iter_index_rows(session, model_id):
        if row.id > state.watermark:
            break
        found.append(row)
        if progress is not None and len(found) % 2000 == 0:
            progress(len(found), state.watermark)
    rows = collect_rows(found, _dimension(found))
    means = learn_means(_by_kind(rows), model_id)
    try:
        made = _write(index_dir, rows, means, model_id, state.watermark, state.removed_seq)
    except OSError as error:
        raise SearchIndexError(
            f"The snapshot could not be written ({error.strerror}). Free disk space under "
            f"{index_dir} and run `potica index rebuild`."
        ) from error
    with session_factory(session.get_bind().engine, read_only=True)() as now:
        if made.removed_seq >= erased_seq(now):
            return made
        # Read before an erasure and written after it: nobody may find it on the disk.
        shutil.rmtree(index_dir / made.generation, ignore_errors=True)
        return build_snapshot(now, index_dir, model_id, progress)


def forget_snapshots(session: Session, index_dir: Path) -> None:
    """Leave nothing on disk but a fresh generation: none from before, none set aside.

    Without a readable manifest that says of which model there is none; whoever searches next
    builds it. Raises SearchIndexError when the disk refuses.
    """
    if not index_dir.is_dir():
        return
    kept = {"CURRENT"}
    try:
        folder = current_folder(index_dir)
        if folder is not None:
            manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
            kept.add(build_snapshot(session, index_dir, manifest.model_id).generation)
    except (OSError, ValueError):  # damaged: what cannot be read cannot be built again
        pass
    try:
        for path in index_dir.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    except FileNotFoundError:  # a server that builds its own took it away
        forget_snapshots(session, index_dir)
    except OSError as error:
        raise SearchIndexError(
            f"{error.filename} cannot be removed ({error.strerror}): it may hold what was erased."
        ) from error


def stale_generations(index_dir: Path, erased: int) -> list[Path]:
    """Generations made before the last erasure, which a killed builder left behind."""
    found = []
    for folder in index_dir.glob("*-*"):
        try:
            manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
        except (OSError, ValueError):
            continue
        if manifest.removed_seq < erased:
            found.append(folder)
    return found


def load_snapshot(index_dir: Path, model_id: str, dim: int) -> Snapshot | None:
    """The current snapshot; None when there is none or it is damaged (then it is set aside)."""
    folder = current_folder(index_dir)
    if folder is None:
        return None
    try:
        return _read(folder, model_id, dim)
    except (OSError, ValueError, KeyError, TypeError, ValidationError, EOFError) as error:
        set_aside(index_dir, folder, str(error))
        return None


def check_snapshot(index_dir: Path, model_id: str, dim: int) -> list[str]:
    """What is wrong with the current snapshot; empty when all is well."""
    folder = current_folder(index_dir)
    if folder is None:
        return ["There is no snapshot: run `potica index rebuild`."]
    try:
        _read(folder, model_id, dim)
    except (OSError, ValueError, KeyError, TypeError, ValidationError, EOFError) as error:
        return [f"The snapshot {folder.name} is damaged ({error}): run `potica index rebuild`."]
    return []


def current_folder(index_dir: Path) -> Path | None:
    """The folder CURRENT names, if both are there."""
    try:
        name = (index_dir / "CURRENT").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    folder = index_dir / name
    return folder if GENERATION.fullmatch(name) and folder.is_dir() else None


def set_aside(index_dir: Path, folder: Path, reason: str) -> None:
    """Keep a damaged generation for whoever wants to look, out of the way of searches."""
    target = index_dir / f"{folder.name}.damaged"
    shutil.rmtree(target, ignore_errors=True)
    try:
        folder.rename(target)
        (target / "REASON").write_text(reason, "utf-8")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)


def _dimension(found: Sequence[IndexRow]) -> int:
    """Of the stored vectors; 0 while there is none."""
    return next((len(row.vector) // 2 for row in found if row.vector), 0)


def _by_kind(rows: Rows) -> dict[tuple[str, str], Any]:
    languages = np.array([p.language for p in rows.pages])
    if not len(languages):
        return {}
    of_row = languages[rows.page_of]
    is_query = rows.is_query
    has_vector = np.any(rows.vectors != 0, axis=1)
    grouped = {}
    for language in set(languages.tolist()):
        for kind, mask in (("query", is_query), ("passage", ~is_query)):
            chosen = np.flatnonzero((of_row == language) & mask & has_vector)
            step = max(1, len(chosen) // MEAN_ROWS)
            grouped[kind, language] = rows.vectors[chosen[::step]].astype(np.float32)
    return grouped


def _write(
    index_dir: Path, rows: Rows, means: Means, model_id: str, watermark: int, removed_seq: int
) -> Manifest:
    generation = f"{watermark:012d}-{secrets.token_hex(4)}"
    aside = index_dir / f".{generation}.new"
    aside.mkdir(parents=True)
    contents = {
        "rows.npz": _npz(ids=rows.ids, page_of=rows.page_of, vectors=rows.vectors),
        "text.json": orjson.dumps(
            {
                "parts": rows.parts,
                "pages": [tuple(page) for page in rows.pages],
                "labels": [(x.pool, x.language, x.audience, x.facets) for x in rows.labels],
                "terms": rows.terms,
                "title_terms": rows.title_terms,
            }
        ),
        "means.npz": _npz(**{".".join(key): value for key, value in means.vectors.items()}),
    }
    manifest = Manifest(
        generation=generation,
        model_id=model_id,
        dim=rows.vectors.shape[1],
        passages=len(rows.ids),
        pages=len(rows.pages),
        watermark=watermark,
        removed_seq=removed_seq,
        created_at=time.time(),
        sha256={name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    )
    contents["manifest.json"] = manifest.sealed()
    for name, data in contents.items():
        _write_synced(aside / name, data)
    _sync_folder(aside)
    aside.rename(index_dir / generation)
    _point_to(index_dir, generation)
    _prune(index_dir, generation)
    return manifest


def _npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _point_to(index_dir: Path, generation: str) -> None:
    pointer = index_dir / f".CURRENT.{generation}"
    _write_synced(pointer, generation.encode())
    pointer.replace(index_dir / "CURRENT")
    _sync_folder(index_dir)


def _prune(index_dir: Path, current: str) -> None:
    """Old generations and what a killed writer left behind (older than an hour)."""
    whole = sorted(
        (p for p in index_dir.iterdir() if p.is_dir() and not p.name.startswith(".")),
        key=lambda p: p.stat().st_mtime,
        reverse=True,
    )
    kept = [p for p in whole if p.name != current][: KEEP - 1]
    for folder in whole:
        if folder.name != current and folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    for left in (*index_dir.glob(".*.new"), *index_dir.glob(".CURRENT.*")):
        _remove_old(left)


def _remove_old(left: Path) -> None:
    """Another writer may be at work on it, or take it away meanwhile."""
    try:
        if time.time() - left.stat().st_mtime <= 3600:
            return
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink()
    except OSError:
        return


def _read(folder: Path, model_id: str, dim: int) -> Snapshot:
    written = (folder / "manifest.json").read_bytes()
    manifest = Manifest.model_validate_json(written)
    if manifest.format != FORMAT:
        raise ValueError(f"format {manifest.format}, not {FORMAT}")
    if manifest.sealed() != written:
        raise ValueError("the manifest does not fit its own checksum")
    if manifest.model_id != model_id or manifest.dim not in (0, dim):
        raise ValueError(f"made for the model {manifest.model_id}, not {model_id}")
    if manifest.generation != folder.name:
        raise ValueError("the manifest names another generation")
    data = {name: (folder / name).read_bytes() for name in FILES}
    for name, content in data.items():
        if hashlib.sha256(content).hexdigest() != manifest.sha256.get(name):
            raise ValueError(f"{name} does not match its checksum")
    with np.load(io.BytesIO(data["rows.npz"])) as arrays:
        ids, page_of, vectors = arrays["ids"], arrays["page_of"], arrays["vectors"]
    if manifest.dim == 0:
        vectors = np.zeros((len(ids), dim), "<f2")
    text = orjson.loads(data["text.json"])
    if not len(ids) == len(page_of) == len(vectors) == len(text["parts"]) == manifest.passages:
        raise ValueError("the number of passages does not match the manifest")
    labels = tuple(
        PassageLabels(pool, language, audience, tuple((k, tuple(v)) for k, v in facets))
        for pool, language, audience, facets in text["labels"]
    )
    rows = Rows(
        ids,
        page_of,
        tuple(text["parts"]),
        vectors,
        tuple(PageKey(*key) for key in text["pages"]),
        labels,
        tuple(text["terms"]),
        tuple(text["title_terms"]),
    )
    with np.load(io.BytesIO(data["means.npz"])) as stored:
        means = {(n.split(".")[0], n.split(".", 1)[1]): stored[n] for n in stored.files}
    return Snapshot(manifest, rows, Means(means))
