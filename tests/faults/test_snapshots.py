"""Damaged snapshots: all detected, set aside, built again from SQL; nothing wrong is served."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from kb.db import create_engine_for, session_factory
from kb.search.snapshot import (
    FILES,
    Manifest,
    build_snapshot,
    check_snapshot,
    current_folder,
    load_snapshot,
)
from kb.search.types import SearchPage
from tests.hash_encoder import DIM, MODEL_ID, HashEncoder
from tests.kb.search.base import Base

CYCLES = int(os.environ.get("POTICA_FAULT_CYCLES", "12"))
ASKED = ("parcel at the locker", "invoice for a pallet", "paczkomat", "postcode 7", "depot")
ALL_FILES = (*FILES, "manifest.json")

pytestmark = pytest.mark.faults


@dataclass
class Snapshots:
    """An index folder with two whole generations, and what to damage it with."""

    index_dir: Path
    rng: random.Random

    @property
    def folder(self) -> Path:
        found = current_folder(self.index_dir)
        assert found is not None
        return found

    @property
    def pointer(self) -> Path:
        return self.index_dir / "CURRENT"

    def some_file(self) -> Path:
        return self.folder / self.rng.choice(ALL_FILES)

    def rewrite(self, **changes: object) -> None:
        """A manifest that fits its own checksum, but not what is beside it."""
        path = self.folder / "manifest.json"
        given = orjson.loads(path.read_bytes()) | changes
        path.write_bytes(Manifest.model_validate(given).sealed())


def truncate(s: Snapshots) -> None:
    path = s.some_file()
    os.truncate(path, s.rng.randrange(path.stat().st_size))


def flip(s: Snapshots) -> None:
    path = s.some_file()
    data = bytearray(path.read_bytes())
    for _ in range(s.rng.choice((1, 1, 8))):
        data[s.rng.randrange(len(data))] ^= 1 << s.rng.randrange(8)
    path.write_bytes(data)


def overwrite(s: Snapshots) -> None:
    """A block of zeros, as a disk that lost a write leaves it."""
    path = s.some_file()
    data = bytearray(path.read_bytes())
    at = s.rng.randrange(len(data))
    end = min(len(data), at + 512)
    data[at:end] = bytes(x ^ 0xFF for x in data[at:end])
    path.write_bytes(data)


def lose_file(s: Snapshots) -> None:
    s.some_file().unlink()


def lose_folder(s: Snapshots) -> None:
    shutil.rmtree(s.folder)


def lose_pointer(s: Snapshots) -> None:
    s.pointer.unlink()


def garble_pointer(s: Snapshots) -> None:
    garbage = (b"", b"..", b".", b"\0", b"../..", s.rng.randbytes(30), b"9" * 400)
    s.pointer.write_bytes(s.rng.choice(garbage))


def empty_manifest(s: Snapshots) -> None:
    (s.folder / "manifest.json").write_bytes(s.rng.choice((b"", b"{}", b"null", b"[]")))


def other_model(s: Snapshots) -> None:
    s.rewrite(model_id="another")


def other_width(s: Snapshots) -> None:
    s.rewrite(dim=DIM * 2)


def other_generation(s: Snapshots) -> None:
    old = next(p for p in s.index_dir.iterdir() if p.is_dir() and p != s.folder)
    shutil.copy(old / "manifest.json", s.folder / "manifest.json")


def files_of_another(s: Snapshots) -> None:
    old = next(p for p in s.index_dir.iterdir() if p.is_dir() and p != s.folder)
    shutil.copy(old / "rows.npz", s.folder / "rows.npz")


DAMAGES: tuple[Callable[[Snapshots], None], ...] = (
    truncate,
    flip,
    overwrite,
    lose_file,
    lose_folder,
    lose_pointer,
    garble_pointer,
    empty_manifest,
    other_model,
    other_width,
    other_generation,
    files_of_another,
)


@pytest.fixture
def base(sqlite_url: str, tmp_path: Path) -> Iterator[Base]:
    """Forty articles, two of them newer than the older of two generations."""
    engine = create_engine_for(sqlite_url)
    base = Base.at(session_factory(engine), tmp_path, HashEncoder())
    topics = ("locker", "invoice", "pallet", "postcode")
    for number in range(40):
        topic = topics[number % 4]
        body = f"What to do about {topic} {number}: ask the depot for a parcel {number * 7}."
        texts = {"en": (f"A {topic}", body)}
        if number % 10 == 0:
            texts["pl"] = ("Paczkomat", f"Paczkomat numer {number} stoi.")
        base.save(f"{topic}-{number}", texts)
        if number == 37:
            base.drain()
            build(base)
    base.drain()
    build(base)
    yield base
    engine.dispose()


def build(base: Base) -> None:
    with base.sessions() as session:
        build_snapshot(session, base.settings.index_dir, MODEL_ID)


def answers(base: Base) -> list[SearchPage]:
    return [base.page(text, limit=20) for text in ASKED]


def told(pages: list[SearchPage]) -> list[list[tuple[str, str, str, float]]]:
    return [[(h.document_id, h.language, h.text, h.score) for h in page.hits] for page in pages]


def test_damage_is_seen_and_mended(base: Base, tmp_path: Path) -> None:
    rng = random.Random(os.environ.get("POTICA_FAULT_SEED", "potica"))
    before = told(answers(base.reopened()))
    assert all(before)
    whole, index_dir = tmp_path / "whole", base.settings.index_dir
    shutil.copytree(index_dir, whole)
    counts: dict[str, int] = {}
    problems, started = [], time.monotonic()
    for cycle in range(CYCLES):
        damage = DAMAGES[cycle % len(DAMAGES)]
        counts[damage.__name__] = counts.get(damage.__name__, 0) + 1
        shutil.rmtree(index_dir)
        shutil.copytree(whole, index_dir)
        damage(Snapshots(index_dir, rng))
        problems += [f"cycle {cycle}, {damage.__name__}: {p}" for p in mended(base, before)]
    print(
        f"\n{CYCLES} damaged snapshots ({counts}), {len(problems)} problems,"
        f" {time.monotonic() - started:.0f} s"
    )
    assert problems == []


def mended(base: Base, before: list[list[tuple[str, str, str, float]]]) -> list[str]:
    index_dir, wrong = base.settings.index_dir, []
    if not check_snapshot(index_dir, MODEL_ID, DIM):
        wrong.append("not detected")
    hurt = current_folder(index_dir)
    reopened = base.reopened()
    if told(answers(reopened)) != before:
        wrong.append("other answers than before")
    if load_snapshot(index_dir, MODEL_ID, DIM) is None or check_snapshot(index_dir, MODEL_ID, DIM):
        wrong.append("not built again")
    if hurt is not None and not (index_dir / f"{hurt.name}.damaged" / "REASON").exists():
        wrong.append("not set aside")
    if not (base.settings.home / "potica.db").exists():
        wrong.append("the database is gone")
    return wrong
