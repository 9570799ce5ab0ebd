"""Erasing a customer: nothing of theirs is left in any table or file, and others keep theirs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.actions.articles import save_article
from kb.actions.cases import MessageInput, save_case
from kb.actions.erasure import erase
from kb.actions.gaps import record_gap
from kb.actions.interactions import InteractionInput, add_messages, open_interaction
from kb.actions.suggestions import SuggestionRecord, record_suggestion
from kb.actions.turns import TurnInput
from kb.config import Settings
from kb.db import session_factory
from kb.domain import (
    Audience,
    Case,
    Channel,
    ColleagueQuestion,
    Contribution,
    Embedding,
    Erasure,
    Feedback,
    Flag,
    FlagKind,
    Gap,
    Interaction,
    InteractionEvent,
    InteractionMessage,
    Passage,
    Role,
    Suggestion,
    Task,
    WebhookDelivery,
    WebhookReceipt,
)
from kb.errors import InvalidInput, NotFound
from kb.privacy.erase import Whom, apply_ledger, clean, erase_customer, erase_rows, preview
from kb.privacy.ledger import FILE, note_begin, read_ledger
from kb.privacy.traces import find_traces
from kb.queries.audit import AuditFilter, list_audit
from kb.queries.cases import get_case_view, get_raw_case_view
from kb.queries.privacy import plan_erasure
from kb.search.search import Searcher
from kb.search.snapshot import build_snapshot, load_snapshot
from kb.search.types import SearchQuery
from kb.secret_key import Marks
from tests.hash_encoder import DIM, MODEL_ID, HashEncoder
from tests.kb.builders import article, case
from tests.kb.privacy.dialogs import webhooks
from tests.kb.privacy.site import ALSO, OTHERS, REF, Site, index, leftovers, make_site, rows_with

WHOM = Whom(REF)
KEPT: dict[type[SQLModel], int] = {
    InteractionMessage: 1,
    InteractionEvent: 4,
    WebhookDelivery: 3,
    WebhookReceipt: 0,
    Contribution: 1,
    ColleagueQuestion: 1,
    Task: 0,
}
"""Rows of somebody else's interaction."""


def _count(session: Session, table: type[SQLModel]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_nothing_is_left_anywhere_and_others_keep_theirs(site: Site) -> None:
    report = erase_customer(site.settings, site.engine, WHOM, "ann")
    assert rows_with(site) == []
    assert leftovers(site) == {}
    assert (report.cleaned, report.remains) == (True, ())
    found = report.erased
    assert (found.cases, found.messages, found.suggestions, found.feedback) == (4, 8, 3, 2)
    assert (found.gaps, found.citations) == (2, 1)
    assert (found.interactions, found.turns, found.contributions) == (2, 4, 1)
    assert (found.questions, found.flags, found.deliveries) == (1, 2, 5)
    with site.sessions() as session:
        assert get_raw_case_view(session, "en-9").messages[0].text == f"{OTHERS} edited"
        assert session.scalars(select(col(Gap.question))).all() == [f"a question of {OTHERS}"]
        kept = session.scalars(select(Suggestion).order_by(col(Suggestion.created_at))).all()
        assert [found.interaction_id is None for found in kept] == [False, True]
        assert [cited["document"] for cited in kept[1].response["cases"]] == ["case:en-9"]
        feedback = session.scalars(select(Feedback).order_by(col(Feedback.id))).all()
        assert [(row.text, row.document) for row in feedback] == [
            (OTHERS, "article:wrong-postcode"),
            (OTHERS, None),
        ]
        hashes = set(session.scalars(select(col(Passage.text_hash))))
        assert set(session.scalars(select(col(Embedding.text_hash)))) == hashes
        (noted,) = list_audit(session, AuditFilter(action="erase")).items
    assert noted.entity_id == Marks.of(site.settings).audited(REF)
    assert noted.details["cases"] == 4


def test_interactions_of_others_stay_and_a_flag_keeps_what_it_means(site: Site) -> None:
    with site.sessions() as session:
        before = {row.id: row.text for row in session.scalars(select(Flag))}
    erase_customer(site.settings, site.engine, WHOM, "ann")
    with site.sessions() as session:
        (other,) = session.scalars(select(Interaction))
        assert (other.customer_ref, other.subject) == ("cust-9", OTHERS)
        of = {table: _count(session, table) for table in KEPT}
        flags = list(session.scalars(select(Flag)))
        assert {(row.id, row.kind) for row in flags} == {
            (key, FlagKind.stale) for key in before if key != "flg_case"
        }
        told = {(row.text, row.interaction_id) for row in flags}
        assert told == {("", None), (OTHERS, other.id)}
        assert len(webhooks(session)) == 2
    assert of == KEPT


def test_the_index_finds_others_and_not_them(site: Site) -> None:
    erase_customer(site.settings, site.engine, WHOM, "ann")
    snapshot = load_snapshot(site.settings.index_dir, MODEL_ID, DIM)
    assert snapshot is not None  # built again, from what is left
    searcher = Searcher(site.sessions, HashEncoder(), site.settings)
    pools = frozenset({"case", "article"})
    query = SearchQuery(OTHERS, language="en", reader=Audience.internal, pools=pools)
    found = {hit.document_id for hit in searcher.search(query).hits}
    assert found == {"en-9", "wrong-postcode"}


def test_what_comes_later_from_the_same_customer_stays(site: Site) -> None:
    erase_customer(site.settings, site.engine, WHOM, "ann")
    with site.sessions.begin() as session:
        save_case(session, case("en-1", customer_ref=REF), "i")
    assert apply_ledger(site.settings, site.engine) is False
    assert erase_customer(site.settings, site.engine, Whom("nobody"), "ann").erased.cases == 0
    with site.sessions() as session:
        assert get_case_view(session, "en-1")


def test_a_preview_writes_nothing(site: Site) -> None:
    before = rows_with(site)
    found = preview(site.settings, site.engine, WHOM).found
    own = [case_id for case_id in found.cases if case_id.startswith("c-")]
    assert found.cases == (*own, "en-1", "en-2", "en-3")
    assert (len(own), len(found.interactions)) == (1, 2)
    assert (len(found.suggestions), len(found.gaps)) == (3, 2)
    assert rows_with(site) == before
    assert read_ledger(site.home) == []
    with pytest.raises(InvalidInput):
        preview(site.settings, site.engine, Whom(" "))
    with pytest.raises(InvalidInput, match="everywhere"):
        preview(site.settings, site.engine, Whom(REF, ("ab",)))


def test_files_that_still_name_the_customer_are_told_of(site: Site) -> None:
    content = site.home / "content"
    (content / "cases").mkdir(parents=True)
    (content / "cases" / "cs.jsonl").write_text(
        '{"customer_ref": "R\\u016f\\u017eena Kolad\\u016f"}'
    )
    settings = site.settings.model_copy(update={"content_dir": content})
    report = erase_customer(settings, site.engine, Whom("Růžena Koladů"), "ann")
    assert report.remains == (content / "cases" / "cs.jsonl",)
    assert find_traces(site.home, ["ab" * 40]) == []


def test_the_ledger_names_nobody_and_only_its_owner_reads_it(site: Site) -> None:
    erase_customer(site.settings, site.engine, Whom(REF, (ALSO,)), "ann")
    kept = (site.home / FILE).read_text()
    assert "Qwfpgova" not in kept
    assert ALSO not in kept
    assert (site.home / FILE).stat().st_mode & 0o077 == 0
    (entry,) = read_ledger(site.home)
    assert entry.done


def test_a_gap_that_others_asked_too_stays(site: Site) -> None:
    marks = Marks.of(site.settings)
    with site.sessions.begin() as session:
        made = []
        for mark in ("cust-2", REF):
            record = SuggestionRecord(
                "en", "internal", "Is it open?", {}, {"focus": "Is it open?"},
                nothing_known="not_sure", customer_mark=marks.customer(mark),
            )  # fmt: skip
            made.append(record_suggestion(session, record))
            record_gap(session, "Is it open?", "en", "not_sure", made[-1])
    erase_customer(site.settings, site.engine, WHOM, "ann")
    with site.sessions() as session:
        (gap,) = session.scalars(select(Gap).where(col(Gap.question) == "Is it open?"))
        assert gap.suggestion_id == made[0]


def test_texts_that_name_the_customer_elsewhere_are_masked(site: Site) -> None:
    with site.sessions.begin() as session:
        said = f"My friend {ALSO} told me, {OTHERS}"
        messages = [MessageInput(Role.customer, said)]
        save_case(session, case("en-8", messages=messages, tried=said, subject=OTHERS), "i")
        save_article(session, article("quotes", {"en": said}), "e")
        made = record_suggestion(
            session, SuggestionRecord("en", "internal", said, {"facets": {"mail": [ALSO]}}, {})
        )
    index(site)
    report = erase_customer(site.settings, site.engine, Whom(REF, (ALSO.upper(),)), "ann")
    index(site)
    assert rows_with(site) == []
    assert leftovers(site) == {}
    assert report.erased.masked == 3
    with site.sessions() as session:
        view = get_raw_case_view(session, "en-8")
        assert view.tried == view.messages[0].text == f"My friend [name] told me, {OTHERS}"
        assert session.get(Suggestion, made) is None
        bodies = session.scalars(select(col(Passage.text)).where(col(Passage.part) == "body")).all()
        assert f"My friend [name] told me, {OTHERS}" in bodies


def test_interactions_that_name_the_customer_are_masked(site: Site) -> None:
    said = f"My friend {ALSO} told me, {OTHERS}"
    with site.sessions.begin() as session:
        turns = [TurnInput(Role.customer, said, key="1")]
        told = InteractionInput(Channel.chat, "api", "x-1", subject=said, turns=turns)
        key = open_interaction(session, told, "e", {}).id
        named = InteractionInput(Channel.chat, "api", f"x-{ALSO}", customer_name=ALSO)
        other = open_interaction(session, replace(named, customer_ref="cust-3"), "e", {}).id
        values = {"id": "que_1", "interaction_id": key, "language": "en", "text": said}
        values |= {"asked_by": "a", "asked_of": "usr_expert", "answer": said}
        session.add(ColleagueQuestion.model_validate(values))
        version = session.get_one(Interaction, key).version
    report = erase_customer(site.settings, site.engine, Whom(REF, (ALSO,)), "ann")
    masked = f"My friend [name] told me, {OTHERS}"
    with site.sessions() as session:
        row = session.get_one(Interaction, key)
        (message,) = session.scalars(
            select(InteractionMessage).where(col(InteractionMessage.interaction_id) == key)
        )
        question = session.get_one(ColleagueQuestion, "que_1")
        assert {row.subject, message.text, question.text, question.answer} == {masked}
        assert row.version > version  # who watches is shown it anew
        assert session.get_one(Interaction, other).customer_name == "[name]"
    assert report.erased.masked == 5
    assert report.left == (f"names or facets of the interaction {other}",)


def test_a_name_is_nobodys_reference_where_there_is_one(site: Site) -> None:
    with site.sessions.begin() as session:
        told = InteractionInput(Channel.chat, customer_name=REF, customer_ref="cust-77")
        key = open_interaction(session, told, "e", {}).id
    erase_rows(site.settings, site.engine, WHOM, "ann")
    with site.sessions() as session:
        assert session.get(Interaction, key) is not None


def test_what_a_customer_writes_during_the_erasure_goes_too(site: Site) -> None:
    with site.sessions() as session:
        plan = plan_erasure(session, Marks.of(site.settings), REF)
        of = col(Interaction.customer_name) == REF
        key = session.scalars(select(col(Interaction.id)).where(of)).one()
    with site.sessions.begin() as session:
        add_messages(session, key, [TurnInput(Role.customer, "one more thing")], "e", {})
    with site.sessions.begin() as session:
        erase(session, Marks.of(site.settings), plan, "ann")
    with site.sessions() as session:
        assert session.get(Interaction, key) is None


def test_a_builder_that_read_before_and_writes_after_leaves_nothing(site: Site) -> None:
    with session_factory(site.engine, read_only=True)() as reader:
        reader.execute(text("SELECT count(*) FROM passage"))  # its view of the rows begins here
        erase_rows(site.settings, site.engine, WHOM, "ann")
        build_snapshot(reader, site.settings.index_dir, MODEL_ID)
    clean(site.settings)
    assert leftovers(site) == {}


STEPS = (
    "kb.privacy.erase.note_begin",
    "kb.privacy.erase.erase",
    "kb.privacy.erase.clean",
    "kb.privacy.traces.forget_snapshots",
    "kb.privacy.traces._vacuum_sqlite",
    "kb.privacy.erase.note_done",
)
KILLED = """
import importlib, os, signal, sys
from kb.config import Settings
from kb.db import create_engine_for
from kb.privacy.erase import Whom, erase_customer

home, step, when, ref = sys.argv[1:]
module, name = step.rsplit(".", 1)
module = importlib.import_module(module)
real = getattr(module, name)

def killed(*given, **named):
    if when == "after":
        real(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(module, name, killed)
settings = Settings(home=home, _env_file=None)
erase_customer(settings, create_engine_for(settings), Whom(ref), "ann")
"""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("again", ["command", "server"])
def test_killed_in_the_midst_it_can_be_done_again(
    sqlite_url: str, tmp_path: Path, step: str, when: str, again: str
) -> None:
    site = make_site(Settings(home=tmp_path, _env_file=None))
    code = textwrap.dedent(KILLED)
    command = [sys.executable, "-c", code, str(tmp_path), step, when, REF]
    assert subprocess.run(command, check=False, timeout=120).returncode == -9
    if again == "command" or (step, when) == (STEPS[0], "before"):  # nothing was noted yet
        erase_customer(site.settings, site.engine, WHOM, "ann")
    elif apply_ledger(site.settings, site.engine):
        clean(site.settings)
    assert rows_with(site) == []
    assert leftovers(site) == {}
    assert all(entry.done for entry in read_ledger(site.home))
    assert apply_ledger(site.settings, site.engine) is False
    with site.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1
        assert session.scalar(select(func.count()).select_from(Erasure)) == 1
    site.engine.dispose()


def test_a_copy_put_back_is_erased_again(sqlite_url: str, tmp_path: Path) -> None:
    site = make_site(Settings(home=tmp_path, _env_file=None))
    copy = tmp_path.parent / f"{tmp_path.name}-copy.db"
    site.engine.dispose()  # the last connection writes the log into the file
    shutil.copy(tmp_path / "potica.db", copy)
    erase_customer(site.settings, site.engine, WHOM, "ann")
    site.engine.dispose()
    for name in ("potica.db", "potica.db-wal", "potica.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(copy, tmp_path / "potica.db")
    assert leftovers(site)
    assert apply_ledger(site.settings, site.engine)
    clean(site.settings)
    assert leftovers(site) == {}
    with site.sessions() as session, pytest.raises(NotFound):
        get_case_view(session, "en-1")
    site.engine.dispose()


def test_a_ledger_of_another_key_erases_nothing(site: Site) -> None:
    other = Marks.of(site.settings.model_copy(update={"secret_key": "k" * 40}))
    with site.sessions() as session:
        note_begin(site.home, other.fingerprint, plan_erasure(session, other, REF))
    assert apply_ledger(site.settings, site.engine) is False
    with site.sessions() as session:
        assert get_case_view(session, "en-1")
