"""Flags, contributions and questions in every state there is, and the calls that name them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from kb.domain import (
    ColleagueQuestion,
    Contribution,
    ContributionKind,
    ContributionState,
    Flag,
    FlagKind,
    FlagState,
    User,
    UserState,
    utc_now,
)
from tests.matrix import interactions
from tests.matrix.call import Call

FLAGS = {"flg_m1": FlagState.open, "flg_m2": FlagState.closed}
CONTRIBUTIONS = {
    "con_m1": ContributionState.open,
    "con_m2": ContributionState.taken,
    "con_m3": ContributionState.refused,
}
OWN, ANSWERED, OTHERS = "que_m1", "que_m2", "que_m3"
COLLEAGUE = "usr_m_colleague"
DOCUMENT = "article:m-public"
INTERACTION = "int_m1"


def put_back(session: Session, caller: str | None) -> None:
    """Everything as it was, whatever the last call made of it; OWN is the caller's to answer."""
    interactions.put_back(session, caller)
    if session.get(User, COLLEAGUE) is None:
        email = f"{COLLEAGUE}@lipa.example"
        user = User(id=COLLEAGUE, email=email, name="Eva", state=UserState.active, roles=["agent"])
        session.add(user)
        session.flush()
    about = {"interaction_id": INTERACTION, "language": "en", "text": "It moved."}
    for key, flag_state in FLAGS.items():
        flag = Flag(id=key, document=DOCUMENT, kind=FlagKind.wrong, actor=COLLEAGUE, **about)
        session.merge(flag).state = flag_state
    for key, state in CONTRIBUTIONS.items():
        kind = ContributionKind.fix
        given = Contribution(id=key, document=DOCUMENT, kind=kind, actor=COLLEAGUE, **about)
        session.merge(given).state = state
    for key in (OWN, ANSWERED, OTHERS):
        asked_of = COLLEAGUE if key == OTHERS or caller is None else caller
        question = ColleagueQuestion(id=key, asked_by=COLLEAGUE, asked_of=asked_of, **about)
        kept = session.merge(question)
        kept.answer, kept.answered_at = "", None
        if key == ANSWERED:
            kept.answer, kept.answered_at = "Hull.", utc_now()
    session.flush()


def calls() -> Iterator[Call]:
    """Every call on an interaction to give something, and on what was given."""
    yield from _giving()
    for key in (*FLAGS, "flg_m0"):
        status = 200 if key in FLAGS else 404
        yield _call(f"POST {status}", "/api/v1/flags/{flag_id}/close", flag_id=key)
    settle = "/api/v1/contributions/{contribution_id}/settle"
    for wanted in ("taken", "refused"):
        given = {"json": {"state": wanted}}
        for key, state in CONTRIBUTIONS.items():
            status = 200 if state in (ContributionState.open, wanted) else 409
            yield _call(f"POST {status}", settle, given, contribution_id=key)
        yield _call("POST 404", settle, given, contribution_id="con_m0")
    for route, data, done in (
        ("/api/v1/questions/{question_id}/answer", {"json": {"text": "Leeds."}}, 200),
        ("/questions/{question_id}/answer", {"data": {"text": "Leeds."}}, 303),
    ):
        for key in (OWN, ANSWERED, OTHERS, "que_m0"):
            status = done if key in (OWN, ANSWERED) else 404
            yield _call(f"POST {status}", route, data, question_id=key)


def _giving() -> Iterator[Call]:
    flag = {"json": {"document": DOCUMENT, "kind": "stale"}}
    fix = {"json": {"document": DOCUMENT, "kind": "fix", "text": "It is in Hull now."}}
    ask = {"json": {"asked_of": COLLEAGUE, "text": "Which depot?"}}
    for key in (*interactions.STATES, interactions.NOWHERE):
        is_there = key in interactions.STATES
        for name, given in (("flags", flag), ("contributions", fix), ("questions", ask)):
            status = 201 if is_there else 404
            route = f"{interactions.ROUTE}/{name}"
            yield _call(f"POST {status}", route, given, interaction_id=key)
        status = 200 if is_there else 404
        yield _call(f"GET {status}", f"{interactions.ROUTE}/experts", interaction_id=key)


def _call(done: str, route: str, given: dict[str, Any] | None = None, **values: str) -> Call:
    method, _, status = done.partition(" ")
    return Call(method, route, "", values, int(status), given=given or {}, prepare=put_back)
