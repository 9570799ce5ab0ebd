"""The life of articles explored at random, on the real actions, database and index.

Two articles, three people, two languages, in any order that hypothesis thinks of. After every
step: no illegal state, the second person kept, the audit complete; at the end of every run the
index is equal to what is published. `make states` does thousands of runs.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from sqlmodel import col

from indexer.pipeline import index_pending
from indexer.schedule import run_due
from kb.actions.article_input import TranslationInput
from kb.actions.articles import archive, publish, restore, save_article, set_trust, unpublish
from kb.actions.due_reviews import raise_due
from kb.actions.edits import EditInput, keep_edit
from kb.actions.languages import confirm_translation
from kb.actions.redirects import merge, redirect
from kb.actions.reviews import approve, ask_changes, submit, withdraw
from kb.actions.schedules import plan
from kb.actions.tasks import close_task, follow_flag
from kb.actions.texts import restore_text, save_text
from kb.db import create_engine_for, session_factory
from kb.domain import (
    Article,
    ArticleChange,
    ArticleState,
    AuditEntry,
    Flag,
    FlagKind,
    FlagState,
    Governance,
    Passage,
    Pool,
    Redirect,
    Review,
    ReviewDecision,
    Revision,
    ScheduledAction,
    Task,
    TaskState,
    Translation,
    Trust,
    may_move,
    utc_now,
)
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.audit import verify_chain
from tests.hash_encoder import HashEncoder
from tests.kb.builders import article

RUNS = int(os.environ.get("POTICA_STATES_RUNS", "6"))
STEPS = 20
REPORT = os.environ.get("POTICA_STATES_REPORT")
KEYS, PEOPLE, LANGUAGES = ("a", "b"), ("eva", "jan", "iva"), ("en", "sl")
WORDS = ("one", "two", "three")
REFUSED = (Conflict, NotFound, InvalidInput)
HOUR = timedelta(hours=1)

key, person = st.sampled_from(KEYS), st.sampled_from(PEOPLE)
language, word = st.sampled_from(LANGUAGES), st.sampled_from(WORDS)
number = st.integers(1, 3)
done: Counter[str] = Counter()
refused: Counter[str] = Counter()
seen: Counter[str] = Counter()


class Life(RuleBasedStateMachine):
    """Whatever people do, one after the other; what is refused changes nothing."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="potica-states-"))
        shutil.copy(self.template, self.folder / "potica.db")
        self.engine = create_engine_for(f"sqlite:///{self.folder / 'potica.db'}")
        event.listen(self.engine, "connect", _fast)  # nothing here is to survive a crash
        self.sessions = session_factory(self.engine)
        self.encoder = HashEncoder()
        self.now: datetime = utc_now()
        self.before: dict[str, tuple[ArticleState, int]] = {}
        self.flags = 0

    def teardown(self) -> None:
        try:
            self.index_is_the_published_set()
        finally:
            self.engine.dispose()
            shutil.rmtree(self.folder, ignore_errors=True)

    @initialize(rules=st.lists(st.sampled_from(Governance), min_size=2, max_size=2))
    def begin(self, rules: list[Governance]) -> None:
        """Both articles as drafts, so that there is something to do from the first step on."""
        for key, governance in zip(KEYS, rules, strict=True):
            given = article(key, {"en": "one", "sl": "ena"}, None, governance=governance)
            self._try("save", "eva", partial(save_article, article=given, actor="eva"))

    @rule(key=key, who=person, words=word, state=st.sampled_from([None, *ArticleState]),
          governance=st.sampled_from(Governance))  # fmt: skip
    def save(
        self, key: str, who: str, words: str, state: ArticleState | None, governance: Governance
    ) -> None:
        given = article(key, {"en": words}, state, governance=governance)
        self._try("save", who, lambda s: save_article(s, given, who))

    @rule(key=key, who=person, words=word, language=language, late=st.sampled_from([0, 0, 0, 1]))
    def save_text(self, key: str, who: str, words: str, language: str, late: int) -> None:
        text = TranslationInput(language, "Title", words)
        base = max(0, self._number(key, language) - late)
        self._try("save_text", who, lambda s: save_text(s, key, text, who, base_number=base))

    @rule(key=key, who=person, words=word, language=language, machine=st.booleans())
    def type(self, key: str, who: str, words: str, language: str, machine: bool) -> None:
        given = EditInput(key, language, "Title", body=words)
        model = "m" if machine else None
        self._try("type", who, lambda s: keep_edit(s, given, who, machine_model=model))

    @rule(key=key, who=person, language=language, number=number)
    def restore_text(self, key: str, who: str, language: str, number: int) -> None:
        self._try("restore_text", who, lambda s: restore_text(s, key, language, number, who))

    @rule(key=key, who=person)
    def confirm(self, key: str, who: str) -> None:
        number = self._number(key, "sl")
        self._try("confirm", who, lambda s: confirm_translation(s, key, "sl", who, number=number))

    @rule(key=key, who=person)
    def submit(self, key: str, who: str) -> None:
        self._try("submit", who, lambda s: submit(s, key, who))

    @rule(key=key, who=person, back=st.booleans())
    def send_back(self, key: str, who: str, back: bool) -> None:
        if back:
            self._try("withdraw", who, lambda s: withdraw(s, key, who))
        else:
            self._try("ask_changes", who, lambda s: ask_changes(s, key, who, note="why"))

    @rule(key=key, who=person, show=st.booleans(), valid=st.booleans())
    def approve(self, key: str, who: str, show: bool, valid: bool) -> None:
        self._try("approve", who, lambda s: approve(s, key, who, publish=show, validate=valid))

    @rule(key=key, who=person, languages=st.sampled_from([None, ("en",), ("sl",)]))
    def publish(self, key: str, who: str, languages: tuple[str, ...] | None) -> None:
        self._try("publish", who, lambda s: publish(s, key, languages, who))

    @rule(key=key, who=person, way=st.sampled_from([unpublish, archive, restore]))
    def put(self, key: str, who: str, way: Callable[..., Any]) -> None:
        self._try(way.__name__, who, lambda s: way(s, key, who))

    @rule(key=key, who=person, action=st.sampled_from(ScheduledAction))
    def plan(self, key: str, who: str, action: ScheduledAction) -> None:
        at = max(self.now, utc_now()) + HOUR
        self._try("plan", who, lambda s: plan(s, key, action, at, who))

    @rule(hours=st.integers(-2, 4))
    def clock(self, hours: int) -> None:
        """Time passes, or the clock is put back; the scheduler looks."""
        self.now += hours * HOUR
        before = self._shown()
        changed = run_due(self.sessions, self.now)
        done["carried out"] += len(changed)
        with self.sessions.begin() as session:
            raise_due(session, self.now)
        self._second_person(before, None)

    @rule(who=person, into=st.sampled_from([("a", "b"), ("b", "a"), ("old", "a"), ("old", "b")]))
    def merge(self, who: str, into: tuple[str, str]) -> None:
        way = redirect if into[0] == "old" else merge
        self._try("merge", who, lambda s: way(s, *into, who))

    @rule(key=key, who=person, kind=st.sampled_from(FlagKind))
    def flag(self, key: str, who: str, kind: FlagKind) -> None:
        self.flags += 1
        row = Flag(
            id=f"flg_{self.flags}", document=f"article:{key}", language="en", kind=kind, actor=who
        )

        def act(session: Session) -> None:
            session.add(row)
            session.flush()
            follow_flag(session, row, who)
            found = session.get(Article, key)
            if found is not None and kind in (FlagKind.wrong, FlagKind.privacy):
                assert found.trust == Trust.not_validated

        self._try("flag", who, act)

    @rule(key=key, who=person)
    def validate(self, key: str, who: str) -> None:
        self._try("validate", who, lambda s: set_trust(s, key, Trust.validated, who))

    @rule(who=person)
    def close(self, who: str) -> None:
        with self.sessions() as session:
            found = session.scalars(
                select(col(Task.id)).where(col(Task.state) == TaskState.open).limit(1)
            ).first()
        if found is not None:
            self._try("close", who, lambda s: close_task(s, found, who))

    @invariant()
    def states_are_legal(self) -> None:
        with self.sessions() as session:
            redirects = {r.old_id: r.article_id for r in session.scalars(select(Redirect))}
            for row in session.scalars(select(Article)):
                old = self.before.get(row.id, (row.state, 0))
                if row.version == old[1] + 1:  # one step: as the rules have it
                    assert may_move(old[0], row.state), f"{old[0]} -> {row.state}"
                self.before[row.id] = (row.state, row.version)
                seen[row.state] += 1
                shown = [
                    t.published_revision_id
                    for t in session.scalars(
                        select(Translation).where(col(Translation.article_id) == row.id)
                    )
                ]
                assert any(shown) == (row.state == ArticleState.published)
                if row.id in redirects:
                    assert row.state == ArticleState.archived
                waiting = session.scalars(
                    select(Review).where(
                        col(Review.article_id) == row.id,
                        col(Review.decision) == ReviewDecision.waiting,
                    )
                ).all()
                assert len(waiting) <= 1
                if waiting:
                    assert row.state in (ArticleState.in_review, ArticleState.published)
                _check_noted(session, row)
            assert not set(redirects.values()) & set(redirects), "a chain"
            for task in session.scalars(select(Task).where(col(Task.flag_id).is_not(None))):
                flag = session.get_one(Flag, task.flag_id)
                assert (task.state == TaskState.open) == (flag.state == FlagState.open)

    def index_is_the_published_set(self) -> None:
        while index_pending(self.sessions, self.encoder):
            pass
        with self.sessions() as session:
            assert verify_chain(session).problem is None
            indexed = {
                (document, revision)
                for document, revision in session.execute(
                    select(col(Passage.document_id), col(Passage.revision_id)).where(
                        col(Passage.pool) == Pool.article
                    )
                )
            }
        assert indexed == {(a, r) for (a, _), r in self._shown().items()}

    def _try(self, name: str, who: str, act: Callable[[Session], object]) -> None:
        before = self._shown()
        try:
            with self.sessions.begin() as session:
                act(session)
        except REFUSED:
            refused[name] += 1
            assert self._shown() == before
            return
        done[name] += 1
        self._second_person(before, who)

    def _number(self, key: str, language: str) -> int:
        """Of the latest revision."""
        with self.sessions() as session:
            query = (
                select(col(Revision.number))
                .join(Translation, col(Translation.revision_id) == col(Revision.id))
                .where(col(Translation.article_id) == key, col(Translation.language) == language)
            )
            return session.scalar(query) or 0

    def _shown(self) -> dict[tuple[str, str], int]:
        with self.sessions() as session:
            return {
                (article_id, found): revision
                for article_id, found, revision in session.execute(
                    select(
                        col(Translation.article_id),
                        col(Translation.language),
                        col(Translation.published_revision_id),
                    )
                )
                if revision is not None
            }

    def _second_person(self, before: dict[tuple[str, str], int], who: str | None) -> None:
        """Whoever showed readers something under compliance wrote none of it (`None`: a plan)."""
        with self.sessions() as session:
            for (article_id, found), revision in self._shown().items():
                row = session.get_one(Revision, revision)
                assert row.machine_model is None or row.checked_by is not None
                if before.get((article_id, found)) == revision:
                    continue
                if session.get_one(Article, article_id).governance != Governance.compliance:
                    continue
                old = session.get(Revision, before.get((article_id, found), 0))
                authors = session.scalars(
                    select(col(Revision.author)).where(
                        col(Revision.translation_id) == row.translation_id,
                        col(Revision.number) > (0 if old is None else old.number),
                        col(Revision.number) <= row.number,
                    )
                ).all()
                actor = who or _last_actor(session, article_id)
                assert actor not in authors, f"{actor} published their own words"


def _check_noted(session: Session, row: Article) -> None:
    """Each version of the article has its one audit entry and its one line of history."""
    versions = [
        entry.details["version"]
        for entry in session.scalars(
            select(AuditEntry)
            .where(col(AuditEntry.entity) == "article", col(AuditEntry.entity_id) == row.id)
            .order_by(col(AuditEntry.id))
        )
        if "version" in entry.details
    ]
    assert versions == list(range(1, row.version + 1))
    noted = session.scalars(
        select(col(ArticleChange.version))
        .where(col(ArticleChange.article_id) == row.id)
        .order_by(col(ArticleChange.id))
    ).all()
    assert list(noted) == versions


def _last_actor(session: Session, article_id: str) -> str:
    query = select(col(ArticleChange.actor)).where(col(ArticleChange.article_id) == article_id)
    return session.scalars(query.order_by(col(ArticleChange.id).desc()).limit(1)).one()


def _fast(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def test_no_order_of_steps_leads_to_an_illegal_state(sqlite_template: Path) -> None:
    Life.template = sqlite_template
    began = time.monotonic()
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Life,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert done["save"]
    if REPORT:
        _report(Path(REPORT), time.monotonic() - began)


def _report(path: Path, seconds: float) -> None:
    lines = [
        "# States of articles, explored at random",
        "",
        f"`make states`: {RUNS:,} runs of up to {STEPS} steps in {seconds / 60:.0f} minutes, "
        "two articles, three people, two languages, SQLite, the real actions and index.",
        "",
        "Found nothing: no state that the rules do not lead to, nothing published under",
        "compliance by somebody who wrote part of it, no machine's text unread, each version with",
        "its one audit entry and one line of history, the audit's chain whole, no redirect to a",
        "redirect, and at the end of every run the index equal to what is published.",
        "",
        "| step | done | refused |",
        "| --- | ---: | ---: |",
    ]
    names = sorted({*done, *refused})
    lines += [f"| {name} | {done[name]:,} | {refused[name]:,} |" for name in names]
    lines += ["", "States that articles were seen in: "]
    lines[-1] += ", ".join(f"{name} {count:,}" for name, count in sorted(seen.items())) + "."
    path.write_text("\n".join(lines) + "\n", "utf8")
