"""The checks after a crash see what they are there for."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from kb.actions.articles import archive, save_article
from kb.db import create_engine_for, session_factory
from kb.domain import AuditEntry, OutboxEvent, Passage
from tests.faults.plan import Ledger, Note, body_of, check_home
from tests.hash_encoder import HashEncoder
from tests.kb.search.base import article

OLD, NEW = "mk0000000001", "mk0000000002"
SAVED = Note("article", "a-1", "published", 2, (NEW,), (OLD,))

pytestmark = pytest.mark.faults


@pytest.fixture
def home(sqlite_template: Path, tmp_path: Path) -> Path:
    """An article that was changed once, and indexed."""
    shutil.copy(sqlite_template, tmp_path / "potica.db")
    change(tmp_path, lambda session: save(session, OLD))
    change(tmp_path, lambda session: save(session, NEW))
    assert problems(tmp_path) == []
    return tmp_path


def save(session: Session, mark: str) -> None:
    text = {"en": (f"About {mark}", body_of(mark, random.Random(1)))}
    save_article(session, article("a-1", text), "writer")


def change(home: Path, action: Callable[[Session], object]) -> None:
    engine = create_engine_for(f"sqlite:///{home / 'potica.db'}")
    with session_factory(engine).begin() as session:
        action(session)
    engine.dispose()


def problems(home: Path, *notes: Note) -> list[str]:
    ledger = Ledger()
    ledger.take([SAVED, *notes])
    return check_home(home, HashEncoder(), ledger, random.Random(1))


def test_a_lost_write_is_seen(home: Path) -> None:
    assert problems(home, Note("article", "a-2", "draft", 1)) == ["lost: article a-2 version 1"]
    assert problems(home, Note("case", "c-1", "open", 1)) == ["lost: case c-1 version 1"]
    assert problems(home, Note("feedback", "f")) == ["lost: feedback f"]
    newer = problems(home, Note("article", "a-1", "published", 3, (NEW,)))
    assert newer == ["lost: article a-1 version 3"]
    text = problems(home, Note("article", "a-1", "published", 2, ("mk0000000009",)))
    assert text == ["lost text: article a-1 mk0000000009"]
    state = problems(home, Note("article", "a-1", "archived", 2))
    assert state == ["wrong: article a-1 is published, not archived"]


def test_a_write_nobody_will_index_is_seen(home: Path) -> None:
    change(home, lambda session: archive(session, "a-1", "writer"))
    change(home, lambda session: session.execute(delete(OutboxEvent)))
    found = problems(home, Note("article", "a-1", "archived", 3, (), (NEW,)))
    assert any(problem.startswith("outbox:") for problem in found)
    assert any(problem.startswith("index: differs") for problem in found)


def test_a_passage_that_is_missing_is_seen(home: Path) -> None:
    change(home, lambda session: session.execute(delete(Passage)))
    found = problems(home)
    assert any(problem.startswith("index:") for problem in found)
    assert f"not found: {NEW} of ('article', 'a-1')" in found


def test_a_change_without_an_audit_entry_is_seen(home: Path) -> None:
    change(home, lambda session: session.execute(text("DROP TRIGGER audit_no_delete")))
    change(home, lambda session: session.execute(delete(AuditEntry)))
    assert problems(home) == ["audit: a-1 at 2 has None entries"]


def test_a_text_that_came_back_is_seen(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that shows what is not in force."""
    monkeypatch.setattr("tests.faults.plan._marks_in_force", lambda session: {})
    assert any(problem.startswith("back:") for problem in problems(home))
