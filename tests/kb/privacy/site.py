"""A home in which one customer has left something in every place, and others too."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, inspect, text, update
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from indexer.pipeline import index_round
from kb.actions.articles import save_article
from kb.actions.cases import CaseInput, MessageInput, save_case
from kb.actions.gaps import record_gap
from kb.actions.suggestions import (
    FeedbackInput,
    SuggestionRecord,
    record_feedback,
    record_suggestion,
)
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.domain import FeedbackKind, OutboxEvent, Role
from kb.privacy.traces import find_traces
from kb.queries.cases import get_raw_case_view
from kb.search.snapshot import build_snapshot, current_folder
from kb.secret_key import Marks
from tests.hash_encoder import HashEncoder
from tests.kb.builders import article, case
from tests.kb.privacy.dialogs import plant_dialogs

REF = "Ruzena Qwfpgova"
ALSO = "ruzena.qwfpg@example.com"
OTHERS = "neighbour-words"  # stays


@dataclass
class Planted:
    """Words that must be gone: each stands in one place."""

    words: list[str] = field(default_factory=list)

    def __call__(self, place: str) -> str:
        word = f"zq{len(self.words):03d}{place}qz"
        self.words.append(word)
        return word


@dataclass(frozen=True)
class Site:
    settings: Settings
    engine: Engine
    planted: Planted

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def sessions(self) -> sessionmaker[Session]:
        return session_factory(self.engine)


def make_site(settings: Settings) -> Site:
    """Plants the words; on SQLite they are in the file, its free pages and its log."""
    settings.home.mkdir(parents=True, exist_ok=True)
    engine = create_engine_for(settings)
    site = Site(settings, engine, Planted())
    with site.sessions.begin() as session:
        _cases(session, site.planted)
        save_article(session, article("wrong-postcode", {"en": f"Tell {OTHERS} the code."}), "e")
        plant_dialogs(session, site.planted, REF, OTHERS)
    index(site)
    with site.sessions.begin() as session:
        for kept in ("en-1", "en-9"):  # an edit leaves the old words behind
            save_case(session, _case(kept, site.planted, "edited"), "i")
        _suggestions(session, site.planted, Marks.of(settings))
    index(site)
    with site.sessions.begin() as session:
        word = site.planted("error")
        session.execute(
            update(OutboxEvent)
            .where(col(OutboxEvent.document_id) == "en-1")
            .values(error=f"write_failed: {word}")
        )
    _litter(site)
    return site


def index(site: Site) -> None:
    """Passages, vectors and a snapshot of what there is."""
    encoder = HashEncoder()
    while index_round(site.sessions, encoder).claimed:
        pass
    with session_factory(site.engine, read_only=True)() as session:
        build_snapshot(session, site.settings.index_dir, encoder.model_id)


def _case(key: str, planted: Planted, more: str) -> CaseInput:
    if key == "en-9":
        return case(key, messages=[MessageInput(Role.customer, f"{OTHERS} {more}")])
    said = [f"It is {planted(f'message{n}{more}')} again, my friend" for n in range(2)]
    return case(
        key,
        subject=planted(f"subject{more}"),
        tried=planted(f"tried{more}"),
        resolution=planted(f"resolution{more}"),
        facets={planted(f"facet{more}"): [planted(f"value{more}")]},
        customer_ref=REF,
        agent_ref=planted(f"agent{more}"),
        messages=[MessageInput(Role.customer, said[0]), MessageInput(Role.agent, said[1])],
    )


def _cases(session: Session, planted: Planted) -> None:
    for key in ("en-1", "en-2", "en-9"):
        save_case(session, _case(key, planted, "first"), "i")
    open_case = case("en-3", customer_ref=REF, state=None, resolution="", outcome=None,
                     messages=[MessageInput(Role.customer, planted("open"))])  # fmt: skip
    save_case(session, open_case, "i")


def _suggestions(session: Session, planted: Planted, marks: Marks) -> None:
    """One with the customer's mark, one that repeats a message, one of somebody else."""
    repeated = get_raw_case_view(session, "en-2").messages[0].text
    for mark, said in (
        (marks.customer(REF), planted("asked")),
        (None, repeated),
        (marks.customer("cust-2"), f"a question of {OTHERS}"),
    ):
        record = SuggestionRecord(
            "en", "internal", said,
            {"messages": [{"role": "customer", "text": said}]},
            {"focus": said, "cases": [{"document": "case:en-1"}, {"document": "case:en-9"}]},
            nothing_known="not_sure", customer_mark=mark,
        )  # fmt: skip
        made = record_suggestion(session, record)
        record_gap(session, said, "en", "not_sure", made)
        words = planted("feedback") if mark == marks.customer(REF) else OTHERS
        given = FeedbackInput(FeedbackKind.edited, "case:en-1", reason=words, text=words)
        record_feedback(session, made, given)


def _litter(site: Site) -> None:
    """Copies, a generation set aside and a half-written one."""
    folder = current_folder(site.settings.index_dir)
    assert folder is not None
    for name in (f"{folder.name}.damaged", ".000000000001-abcdef01.new"):
        shutil.copytree(folder, site.settings.index_dir / name)
    if site.engine.dialect.name == "sqlite":
        shutil.copy(site.home / "potica.db", site.home / "potica.db.20260101T000000.bak")


def leftovers(site: Site) -> dict[str, list[str]]:
    """Planted words by the file that still holds them."""
    found: dict[str, list[str]] = {}
    for word in (*site.planted.words, REF, ALSO):
        for path in find_traces(site.home, [word]):
            found.setdefault(path.relative_to(site.home).as_posix(), []).append(word)
    return found


def rows_with(site: Site) -> list[str]:
    """Planted words in any column of any table."""
    held = []
    with site.engine.connect() as connection:
        for name in inspect(site.engine).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{name}"'))
            dump = "\n".join(str(tuple(row)) for row in rows)
            held += [f"{name}: {word}" for word in (*site.planted.words, REF, ALSO) if word in dump]
    return held
