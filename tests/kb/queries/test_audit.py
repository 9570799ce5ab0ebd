"""Reading the audit, and seeing what was done to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from kb.actions import audit
from kb.actions.articles import archive, save_article, set_trust
from kb.audit_head import AuditHead
from kb.db import session_factory
from kb.domain import FIRST_HASH, Trust
from kb.queries.audit import AuditFilter, audit_choices, chain_end, list_audit, verify_chain
from kb.queries.paging import Paging
from tests.kb.builders import article

ENTRIES = 5
Tamper = Callable[[Connection], Any]


def test_the_newest_comes_first_and_one_thing_can_be_asked_for(session: Session) -> None:
    save_article(session, article("a"), "eva")
    save_article(session, article("b"), "importer")
    set_trust(session, "a", Trust.validated, "jan")
    archive(session, "a", "jan")
    page = list_audit(session, AuditFilter(entity="article", entity_id="a"))
    assert [(e.action, e.actor) for e in page.items] == [
        ("archive", "jan"),
        ("set_trust", "jan"),
        ("create", "eva"),
    ]
    assert page.items[1].details["new"] == "validated"
    assert page.items[0].at >= page.items[2].at
    last = list_audit(session, paging=Paging(offset=3, limit=1))
    assert (last.items[0].action, last.total) == ("create", 4)
    assert list_audit(session, AuditFilter(entity="case")).items == ()


def test_filters_by_who_what_and_when(session: Session) -> None:
    for actor, action in (("eva", "publish"), ("jan", "publish"), ("jan", "archive")):
        audit.record(session, actor, action, "article", "a")
    session.commit()
    at = list_audit(session, AuditFilter(actor="eva")).items[0].at
    assert list_audit(session, AuditFilter(actor="jan", action="publish")).total == 1
    assert list_audit(session, AuditFilter(since=at)).total == 3
    assert list_audit(session, AuditFilter(until=at)).total == 0
    assert list_audit(session, AuditFilter(until=at + timedelta(days=1))).total == 3
    assert audit_choices(session) == (("article",), ("archive", "publish"))


@pytest.fixture
def chained(engine: Engine, sessions: sessionmaker[Session]) -> AuditHead:
    """Five entries of several transactions; gives the chain's end."""
    for first in (0, 2, 4):
        with sessions.begin() as session:
            for number in range(first, min(first + 2, ENTRIES)):
                audit.record(session, "eva", "save", "case", f"c-{number}", note="žába", n=number)
    with sessions() as session:
        return chain_end(session)


def test_a_chain_left_alone_is_whole(sessions: sessionmaker[Session], chained: AuditHead) -> None:
    with sessions() as session:
        assert chain_end(session) == chained
        report = verify_chain(session, (chained, AuditHead(0, FIRST_HASH)))
        assert (report.problem, report.entries, report.end) == (None, ENTRIES, chained)


def _sql(statement: str) -> Tamper:
    return lambda connection: connection.execute(text(statement))


def _swap(connection: Connection) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        connection.execute(text(f"UPDATE audit SET number = {new} WHERE number = {old}"))


INSERT = (
    "INSERT INTO audit (at, actor, action, entity, entity_id, details, number, previous_hash, hash)"
)


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (_sql("UPDATE audit SET actor = 'jan' WHERE number = 2"), "entry 2 was changed"),
        (_sql("UPDATE audit SET at = (SELECT at FROM audit WHERE number = 1) WHERE number = 3"),
         "entry 3 was changed"),
        (_sql("""UPDATE audit SET details = '{"n": 7}' WHERE number = 5"""), "entry 5 was changed"),
        (_sql("DELETE FROM audit WHERE number = 3"), "entry 3 is missing"),
        (_sql("DELETE FROM audit WHERE number = 1"), "entry 1 is missing"),
        (_swap, "entry 2 does not follow"),
        (_sql(f"{INSERT} SELECT at, actor, action, entity, entity_id, details, NULL, NULL, NULL"
              " FROM audit WHERE number = 1"), "not in the chain"),
        (_sql(f"{INSERT} SELECT at, actor, action, entity, entity_id, details, 6, hash, hash"
              " FROM audit WHERE number = 5"), "entry 6 was changed"),
        (_sql("DELETE FROM audit WHERE number >= 4"), "entries 4 to 5 were cut off"),
        (_sql("INSERT INTO audit_checkpoint (number, hash, at)"
              " SELECT 5, hash, at FROM audit WHERE number = 5"), "not in the chain"),
    ],
    ids=["actor", "time", "details", "removed", "first removed", "moved", "added", "appended",
         "tail cut", "made-up checkpoint"],
)  # fmt: skip
def test_what_was_done_to_it_is_seen(
    engine: Engine,
    sessions: sessionmaker[Session],
    chained: AuditHead,
    tamper: Tamper,
    told: str,
) -> None:
    _without_guard(engine, tamper)
    with sessions() as session:
        report = verify_chain(session, (chained,))
    assert report.problem is not None
    assert told in report.problem


def test_entries_pruned_by_hand_are_seen(
    engine: Engine, sessions: sessionmaker[Session], chained: AuditHead
) -> None:
    with engine.begin() as connection:  # a checkpoint is all the guard asks for
        _sql("INSERT INTO audit_checkpoint (number, hash, at)"
             " SELECT 2, hash, at FROM audit WHERE number = 2")(connection)  # fmt: skip
        _sql("DELETE FROM audit WHERE number <= 2")(connection)
    with sessions() as session:
        report = verify_chain(session, (chained,))
    assert report.problem is not None
    assert "no entry says" in report.problem


def test_a_chain_written_anew_is_seen_by_its_noted_end(
    engine: Engine, sessions: sessionmaker[Session], chained: AuditHead
) -> None:
    _without_guard(engine, _sql("DELETE FROM audit"))
    with sessions.begin() as session:
        for number in range(ENTRIES):
            audit.record(session, "jan", "save", "case", f"c-{number}")
    with sessions() as session:
        assert verify_chain(session).problem is None  # the database alone cannot tell
        problem = verify_chain(session, (chained,)).problem
    assert problem is not None
    assert "written anew" in problem


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'jan'",
        "DELETE FROM audit WHERE number = 5",
        "DELETE FROM audit",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_checkpoint SET number = 9",
    ],
)
def test_the_database_refuses(engine: Engine, chained: AuditHead, statement: str) -> None:
    with engine.begin() as connection:
        _sql("INSERT INTO audit_checkpoint (number, hash, at)"
             " SELECT 1, hash, at FROM audit WHERE number = 1")(connection)  # fmt: skip
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))


def test_truncate_is_refused_too(postgres_url: str) -> None:
    from kb.db import create_engine_for

    engine = create_engine_for(postgres_url)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("TRUNCATE audit"))
    engine.dispose()


def test_the_chain_is_followed_without_what_a_session_remembers(
    engine: Engine, chained: AuditHead
) -> None:
    with session_factory(engine)() as session:
        list_audit(session)
        session.rollback()
        _without_guard(engine, _sql("UPDATE audit SET actor = 'jan' WHERE number = 1"))
        assert verify_chain(session).problem is not None


def _without_guard(engine: Engine, tamper: Tamper) -> None:
    """As somebody does who may do everything in the database."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        else:
            connection.execute(text("DROP TRIGGER audit_no_update"))
            connection.execute(text("DROP TRIGGER audit_no_delete"))
        tamper(connection)
