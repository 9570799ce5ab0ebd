"""Saving, resolving and putting away cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kb.actions.cases import (
    MessageInput,
    archive_case,
    reopen_case,
    resolve_case,
    save_case,
)
from kb.actions.saved import SaveStatus
from kb.domain import CaseState, Outcome, Pool, Role
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.cases import get_case_view, load_resolved
from kb.queries.passages import index_state, removed_after
from tests.kb.builders import audited, case, enqueued, index_case, indexed_case

KEY = "en-0001"
EVENT = (Pool.case, KEY)
OPEN: dict[str, Any] = {"state": None, "resolution": "", "outcome": None}


def test_a_resolved_case_is_index_work(session: Session) -> None:
    result = save_case(session, case(), "importer")
    assert (result.status, result.version) == (SaveStatus.created, 1)
    view = get_case_view(session, KEY)
    assert [m.text for m in view.messages] == ["my parcel went to EH8"]
    assert (view.state, view.outcome) == (CaseState.resolved, Outcome.solved)
    assert audited(session) == [("create", KEY)]
    assert enqueued(session) == [EVENT]


def test_saving_the_same_again_changes_nothing(session: Session) -> None:
    at = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
    save_case(session, case(messages=[MessageInput(Role.customer, "x", at)], opened_at=at), "i")
    session.commit()
    vienna = at.astimezone(timezone(timedelta(hours=1)))
    same = case(messages=[MessageInput(Role.customer, "x", vienna)], opened_at=vienna)
    assert save_case(session, same, "i").status == SaveStatus.unchanged
    assert audited(session) == [("create", KEY)]


def test_a_case_without_an_opening_time_is_unchanged_too(session: Session) -> None:
    save_case(session, case(), "i")
    assert save_case(session, case(), "i").status == SaveStatus.unchanged


@pytest.mark.parametrize(
    "change",
    [
        {"messages": [MessageInput(Role.agent, "my parcel went to EH8")]},
        {"subject": "other"},
        {"tried": "called the depot"},
        {"resolution": "Sent back."},
        {"outcome": Outcome.compensated},
        {"articles": ["wrong-postcode"]},
        {"facets": {"country": ["PL"]}},
        {"agent_ref": "agent-07"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_counts(session: Session, change: dict[str, Any]) -> None:
    save_case(session, case(), "i")
    result = save_case(session, case(**change), "i")
    assert (result.status, result.version) == (SaveStatus.changed, 2)
    assert save_case(session, case(**change), "i").status == SaveStatus.unchanged


def test_a_changed_case_loses_its_old_passages_at_once(session: Session) -> None:
    old = indexed_case(session)
    before = index_state(session)
    save_case(session, case(resolution="Another way."), "i")
    assert [gone for _, gone in removed_after(session, before.removed_seq)] == old
    assert index_case(session, KEY).added != ()


def test_resolve_an_open_case(session: Session) -> None:
    save_case(session, case(**OPEN), "i")
    assert enqueued(session) == []
    assert load_resolved(session, KEY) is None
    resolve_case(session, KEY, "New label.", Outcome.solved, "Waited a day.", "ann")
    view = load_resolved(session, KEY)
    assert view is not None
    assert (view.resolution, view.tried, view.version) == ("New label.", "Waited a day.", 2)
    assert view.resolved_at is not None
    assert audited(session)[-1] == ("resolve", KEY)
    assert enqueued(session) == [EVENT]
    with pytest.raises(Conflict, match="reopen"):
        resolve_case(session, KEY, "Again.", Outcome.solved, "", "ann")


def test_resolving_and_importing_agree_on_what_is_unchanged(session: Session) -> None:
    save_case(session, case(**OPEN), "i")
    resolve_case(session, KEY, "New label.", Outcome.solved, "", "ann")
    view = get_case_view(session, KEY)
    same = case(
        resolution="New label.", opened_at=view.opened_at, resolved_at=view.resolved_at
    )  # fmt: skip
    assert save_case(session, same, "i").status == SaveStatus.unchanged


def test_archive_and_reopen(session: Session) -> None:
    save_case(session, case(), "i")
    archive_case(session, KEY, "ann")
    assert archive_case(session, KEY, "ann").status == SaveStatus.unchanged
    assert load_resolved(session, KEY) is None
    with pytest.raises(Conflict, match="archived"):
        save_case(session, case(), "importer")
    reopen_case(session, KEY, "ann")
    view = get_case_view(session, KEY)
    assert (view.state, view.resolved_at) == (CaseState.open, None)
    assert [action for action, _ in audited(session)] == ["create", "archive", "reopen"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"resolution": " "}, "resolution"),
        ({"language": "??"}, "language"),
        ({"messages": [], "subject": ""}, "says nothing"),
        ({"messages": [MessageInput(Role.customer, "a\0")]}, "NUL"),
        ({"tried": "\udfff"}, "surrogate"),
        ({"opened_at": datetime(2026, 1, 1)}, "time zone"),
    ],
)
def test_what_cannot_be_is_refused(session: Session, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        save_case(session, case(**change), "i")
    assert audited(session) == []


def test_unknown_cases(session: Session) -> None:
    for act in (archive_case, reopen_case):
        with pytest.raises(NotFound, match="none"):
            act(session, "none", "ann")
    with pytest.raises(NotFound):
        resolve_case(session, "none", "x", Outcome.solved, "", "ann")
