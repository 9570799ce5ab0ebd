"""Snapshots: written, read, verified, swapped, set aside, pruned."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import orjson
import pytest

from kb.errors import SearchIndexError
from kb.search.snapshot import (
    KEEP,
    Manifest,
    build_snapshot,
    check_snapshot,
    current_folder,
    load_snapshot,
)
from tests.hash_encoder import DIM, MODEL_ID, HashEncoder
from tests.kb.search.base import Base


def build(base: Base) -> Manifest:
    with base.sessions() as session:
        return build_snapshot(session, base.settings.index_dir, MODEL_ID)


def folder_of(base: Base) -> Path:
    folder = current_folder(base.settings.index_dir)
    assert folder is not None
    return folder


@pytest.fixture
def filled(base: Base) -> Base:
    base.publish("lost", {"en": ("Lost parcel", "We search for it."), "pl": ("Zguba", "Szukamy.")})
    base.publish("late", {"en": ("Late parcel", "Wait two days.")}, facets={"country": ["GB"]})
    return base


def test_reads_back_what_sql_holds(filled: Base) -> None:
    told: list[tuple[int, int]] = []
    with filled.sessions() as session:
        manifest = build_snapshot(
            session, filled.settings.index_dir, MODEL_ID, lambda n, of: told.append((n, of))
        )
    snapshot = load_snapshot(filled.settings.index_dir, MODEL_ID, DIM)
    assert snapshot is not None
    assert snapshot.manifest == Manifest.model_validate_json(manifest.sealed())
    assert (manifest.passages, manifest.pages, manifest.dim) == (6, 3, DIM)
    rows = snapshot.rows
    assert sorted(rows.ids.tolist()) == list(range(1, 7))
    assert manifest.watermark == 6
    lengths = np.linalg.norm(rows.vectors.astype(np.float32), axis=1)
    assert np.allclose(lengths, 1, atol=1e-2)
    late = rows.pages.index(("article", "late", "en"))
    assert rows.labels[late].facets == (("country", ("GB",)),)
    assert "parcel" in rows.title_terms[late].split()
    assert check_snapshot(filled.settings.index_dir, MODEL_ID, DIM) == []


def test_an_empty_base_has_a_snapshot(base: Base) -> None:
    manifest = build(base)
    assert (manifest.passages, manifest.dim) == (0, 0)
    snapshot = load_snapshot(base.settings.index_dir, MODEL_ID, DIM)
    assert snapshot is not None
    assert snapshot.rows.vectors.shape == (0, DIM)


def test_texts_without_vectors_are_zeros_of_the_right_width(
    base: Base, encoder: HashEncoder
) -> None:
    base.save("lost", {"en": ("Lost parcel", "We search for it.")})
    encoder.down = True
    base.drain()
    assert build(base).dim == 0
    snapshot = load_snapshot(base.settings.index_dir, MODEL_ID, DIM)
    assert snapshot is not None
    assert snapshot.rows.vectors.shape == (2, DIM)
    assert not snapshot.rows.vectors.any()


@pytest.mark.parametrize("name", ["rows.npz", "text.json", "means.npz", "manifest.json"])
@pytest.mark.parametrize("damage", ["flipped", "truncated", "empty", "missing"])
def test_a_damaged_file_is_told_and_set_aside(filled: Base, name: str, damage: str) -> None:
    build(filled)
    folder = folder_of(filled)
    hurt(folder / name, damage)
    (problem,) = check_snapshot(filled.settings.index_dir, MODEL_ID, DIM)
    assert "damaged" in problem
    assert "potica index rebuild" in problem
    assert load_snapshot(filled.settings.index_dir, MODEL_ID, DIM) is None
    assert not folder.exists()
    assert (folder.parent / f"{folder.name}.damaged" / "REASON").read_text()


def hurt(path: Path, damage: str) -> None:
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 1
    path.write_bytes(data[: {"truncated": -7, "empty": 0}.get(damage, len(data))])
    if damage == "missing":
        path.unlink()


def test_every_byte_of_the_manifest_counts(filled: Base) -> None:
    """A watermark that is off by a digit would hide passages for ever."""
    build(filled)
    path = folder_of(filled) / "manifest.json"
    whole = path.read_bytes()
    for at in range(0, len(whole), 3):
        data = bytearray(whole)
        data[at] ^= 1
        path.write_bytes(data)
        assert check_snapshot(filled.settings.index_dir, MODEL_ID, DIM), whole[at - 9 : at + 9]
    path.write_bytes(whole)
    assert check_snapshot(filled.settings.index_dir, MODEL_ID, DIM) == []


@pytest.mark.parametrize(("model_id", "dim"), [("another", DIM), (MODEL_ID, DIM * 2)])
def test_a_snapshot_of_another_model_is_set_aside(filled: Base, model_id: str, dim: int) -> None:
    build(filled)
    assert check_snapshot(filled.settings.index_dir, model_id, dim)
    assert load_snapshot(filled.settings.index_dir, model_id, dim) is None
    assert current_folder(filled.settings.index_dir) is None


def test_the_manifest_of_another_generation_is_refused(filled: Base) -> None:
    build(filled)
    old = (folder_of(filled) / "manifest.json").read_bytes()
    build(filled)
    (folder_of(filled) / "manifest.json").write_bytes(old)
    assert load_snapshot(filled.settings.index_dir, MODEL_ID, DIM) is None


def test_a_manifest_of_another_format_is_refused(filled: Base) -> None:
    build(filled)
    path = folder_of(filled) / "manifest.json"
    given = orjson.loads(path.read_bytes()) | {"format": 99, "seal": ""}
    path.write_bytes(Manifest.model_validate(given).sealed())
    assert load_snapshot(filled.settings.index_dir, MODEL_ID, DIM) is None


@pytest.mark.parametrize(
    "garbage",
    [b"", b"..", b".", b"/", b"../..", b"\xff\xfe", b"a\0b", b"x" * 5000, b"000000000000"],
)
def test_garbage_in_the_pointer_names_nothing(filled: Base, garbage: bytes) -> None:
    """And takes nothing away: ".." is the home with the database in it."""
    build(filled)
    home = filled.settings.home
    (filled.settings.index_dir / "CURRENT").write_bytes(garbage)
    assert load_snapshot(filled.settings.index_dir, MODEL_ID, DIM) is None
    assert (home / "potica.db").exists()
    assert len([p for p in filled.settings.index_dir.iterdir() if p.is_dir()]) == 1


def test_a_missing_pointer_is_no_snapshot(filled: Base) -> None:
    build(filled)
    (filled.settings.index_dir / "CURRENT").unlink()
    assert load_snapshot(filled.settings.index_dir, MODEL_ID, DIM) is None
    (problem,) = check_snapshot(filled.settings.index_dir, MODEL_ID, DIM)
    assert "no snapshot" in problem


def test_old_generations_go_and_what_killed_writers_left(filled: Base) -> None:
    index_dir = filled.settings.index_dir
    first = build(filled).generation
    left = [index_dir / ".1.new", index_dir / ".CURRENT.1", index_dir / ".2.new"]
    for path in (left[0], left[2]):
        path.mkdir()
        (path / "rows.npz").write_bytes(b"half")
    left[1].write_text("1")
    for path in left[:2]:
        os.utime(path, (time.time() - 7200,) * 2)
    newest = [build(filled).generation for _ in range(3)][-1]
    kept = {p.name for p in index_dir.iterdir() if p.is_dir() and not p.name.startswith(".")}
    assert newest in kept
    assert first not in kept
    assert len(kept) == KEEP
    assert [path.exists() for path in left] == [False, False, True]  # the last may be at work


def test_a_full_disk_is_told(filled: Base) -> None:
    filled.settings.home.joinpath("index").write_text("a file where a folder should be")
    with pytest.raises(SearchIndexError, match="index rebuild"):
        build(filled)
