"""Colleagues ranked by what they solved and wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.articles import save_article
from kb.actions.cases import resolve_case, save_case
from kb.actions.contributions import ContributionInput, contribute, settle_contribution
from kb.actions.events import record_event
from kb.actions.given import About
from kb.actions.questions import QuestionInput, answer_question, ask_colleague
from kb.actions.suggestions import FeedbackInput, record_feedback
from kb.domain import (
    CaseState,
    ContributionKind,
    ContributionState,
    Facets,
    FeedbackKind,
    InteractionEventKind,
    Outcome,
    Revision,
    UserState,
)
from kb.queries.experts import OLDEST, OTHER_LANGUAGE, Expert, Subject, find_experts
from tests.kb.builders import article, case
from tests.kb.live import by, interaction, person, suggested

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ARTICLE, CASE = "article:wrong-postcode", "case:c-1"


@pytest.fixture(autouse=True)
def _team(session: Session) -> None:
    person(session, "usr_ana", "Ana Kos", email="ana.kos@lipa.example")
    person(session, "usr_jan", "Jan Nowak", email="agent-07@lipa.example")
    person(session, "usr_eva", "Eva Horvat")


def _case(session: Session, key: str = "c-1", **changes: Any) -> None:
    save_case(session, case(key, **({"resolved_at": NOW} | changes)), "import")


def _found(
    session: Session,
    hits: dict[str, float],
    *,
    language: str = "en",
    facets: Facets | None = None,
    **who: Any,
) -> tuple[Expert, ...]:
    return find_experts(session, Subject(hits, language, facets or {}), by(**who), NOW)


def _ids(*args: Any, **given: Any) -> list[str]:
    return [expert.user_id for expert in _found(*args, **given)]


@pytest.mark.parametrize(
    ("reference", "who"),
    [
        ("usr_ana", "usr_ana"),
        ("Ana.Kos@lipa.example", "usr_ana"),
        ("ana kos", "usr_ana"),
        ("agent-07", "usr_jan"),
        ("agent-08", None),
        (None, None),
    ],
)
def test_the_agent_of_a_case_is_known_by_id_mail_or_name(
    session: Session, reference: str | None, who: str | None
) -> None:
    _case(session, agent_ref=reference)
    assert _ids(session, {CASE: 1.0}) == ([who] if who else [])


def test_a_name_that_two_people_have_names_nobody(session: Session) -> None:
    person(session, "usr_ana2", "Ana Kos", state=UserState.disabled)
    _case(session, agent_ref="Ana Kos")
    assert _ids(session, {CASE: 1.0}) == []


def test_who_resolved_it_counts_too(session: Session) -> None:
    _case(session, state=CaseState.open, resolution="", outcome=None, resolved_at=None)
    resolve_case(session, "c-1", "Relabelled.", Outcome.solved, "", "usr_ana")
    _case(session, "c-2")
    interaction(session, case_id="c-2")
    record_event(session, "int_1", InteractionEventKind.resolved, "usr_jan")
    session.flush()
    assert sorted(_ids(session, {CASE: 1.0, "case:c-2": 1.0})) == ["usr_ana", "usr_jan"]


def test_reasons_are_counts(session: Session) -> None:
    texts = {"en": "Ask the depot.", "pl": "Zapytaj."}
    save_article(session, article(texts=texts, state=None), "usr_ana")
    save_article(session, article(texts={"en": "Ask the depot.", "pl": "Inaczej."}), "usr_ana")
    for number in range(3):
        _case(session, f"c-{number}", agent_ref="usr_ana", articles=["wrong-postcode"])
    interaction(session)
    given = ContributionInput(About("int_1", document=ARTICLE), ContributionKind.fix, "Better.")
    contribute(session, given, by("usr_ana"))
    refused = contribute(session, given, by("usr_jan"))
    editor = by("usr_eva", "contributor")
    settle_contribution(session, refused, ContributionState.refused, editor)
    about = About("int_1", suggested(session, "int_1", top_document=ARTICLE))
    asked = ask_colleague(session, QuestionInput(about, "usr_ana", "Which?"), by("usr_eva"))
    answer_question(session, asked.id, "Hull.", by("usr_ana"))
    [expert] = _found(session, {ARTICLE: 0.9, CASE: 0.8})
    assert (expert.name, expert.solved, expert.wrote) == ("Ana Kos", 3, 1)
    assert (expert.contributed, expert.answered) == (1, 1)


def test_feedback_counts_once_with_its_case(session: Session) -> None:
    _case(session, agent_ref="usr_ana")
    interaction(session, case_id="c-1")
    for owner in ("int_1", None):
        feedback = FeedbackInput(FeedbackKind.solved, CASE, actor="usr_ana")
        record_feedback(session, suggested(session, owner), feedback)
    [expert] = _found(session, {CASE: 1.0})
    assert expert.solved == 2


def test_more_nearer_newer_and_better_ended_ranks_first(session: Session) -> None:
    for key, who, changes in (
        ("c-1", "usr_ana", {}),
        ("c-2", "usr_ana", {}),
        ("c-3", "usr_jan", {}),
        ("c-4", "usr_eva", {"outcome": Outcome.not_solved}),
    ):
        _case(session, key, agent_ref=who, **changes)
    every = {f"case:c-{n}": 0.5 for n in range(1, 5)}
    assert _ids(session, every, user_id="usr_x") == ["usr_ana", "usr_jan"]
    assert _ids(session, every | {"case:c-3": 1.5}, user_id="usr_x")[0] == "usr_jan"
    _case(session, "c-1", agent_ref="usr_ana", outcome=Outcome.compensated)
    _case(session, "c-2", agent_ref="usr_ana", resolved_at=NOW - timedelta(days=5000))
    [first, second] = _found(session, every, user_id="usr_x")
    assert (first.user_id, second.user_id) == ("usr_jan", "usr_ana")
    assert second.score == pytest.approx(0.5 * 0.5 + 0.5 * OLDEST)
    [other, _] = _found(session, every, language="pl-PL", user_id="usr_x")
    assert other.score == pytest.approx(first.score * OTHER_LANGUAGE, abs=1e-4)


def test_what_is_far_from_the_subject_does_not_count(session: Session) -> None:
    _case(session, "c-1", agent_ref="usr_ana")
    _case(session, "c-2", agent_ref="usr_jan")
    assert _ids(session, {"case:c-1": 0.8, "case:c-2": 0.05}) == ["usr_ana"]
    assert _ids(session, {}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"state": UserState.disabled},
        {"state": UserState.invited},
        {"roles": ["customer"]},
        {"scope": {"country": ["PL"]}},
    ],
)
def test_only_those_who_may_be_asked_are_named(session: Session, changes: dict[str, Any]) -> None:
    person(session, "usr_leo", "Leo Novak", **changes)
    _case(session, agent_ref="usr_leo")
    assert _ids(session, {CASE: 1.0}, facets={"country": ["GB"]}) == []


def test_nobody_is_sent_to_themselves(session: Session) -> None:
    _case(session, agent_ref="usr_ana")
    assert _ids(session, {CASE: 1.0}, user_id="usr_ana") == []
    assert _ids(session, {CASE: 1.0}, user_id="usr_eva") == ["usr_ana"]


def test_merits_beyond_the_readers_sight_stay_there(session: Session) -> None:
    _case(session, agent_ref="usr_ana", articles=["wrong-postcode"])
    assert _ids(session, {CASE: 1.0, ARTICLE: 1.0}) == ["usr_ana"]
    assert _ids(session, {CASE: 1.0, ARTICLE: 1.0}, scope={"country": ["PL"]}) == []
    assert _ids(session, {CASE: 1.0, ARTICLE: 1.0}, role="customer") == []


def test_old_revisions_weigh_less(session: Session) -> None:
    save_article(session, article(), "usr_ana")
    [new] = _found(session, {ARTICLE: 1.0})
    old = NOW - timedelta(days=365)
    session.execute(update(Revision).values(created_at=old))
    session.expire_all()
    assert session.scalars(select(col(Revision.created_at))).one() == old
    [expert] = _found(session, {ARTICLE: 1.0})
    assert expert.score == pytest.approx(0.5, abs=0.01)
    assert new.score > expert.score
