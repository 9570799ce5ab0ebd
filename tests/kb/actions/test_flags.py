"""Raising and closing flags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.actions.articles import archive, save_article
from kb.actions.cases import save_case
from kb.actions.flags import FlagInput, close_flag, raise_flag
from kb.actions.given import About
from kb.domain import ArticleState, Audience, Flag, FlagKind, FlagState
from kb.errors import Conflict, InvalidInput, KbError, NotFound
from kb.queries.flags import FlagFilters, list_flags
from kb.queries.paging import Paging
from tests.kb.builders import article, audited, case
from tests.kb.live import by, events, feedback, interaction, suggested

ABOUT = About("int_1", document="article:wrong-postcode", position=2, idempotency_key="k1")
WRONG = FlagInput(ABOUT, FlagKind.wrong, "The depot is in Hull now.")


@pytest.fixture(autouse=True)
def _there(session: Session) -> None:
    interaction(session, customer_name="Anna Novak")
    save_article(session, article(texts={"en": "Ask Leeds.", "pl": "Leeds."}), "eva")
    save_case(session, case("c-1"), "eva")


def test_a_flag_is_kept_and_told_of(session: Session) -> None:
    found = suggested(session, "int_1")
    flag_id = raise_flag(session, replace(WRONG, about=replace(ABOUT, suggestion_id=found)), by())
    row = session.get_one(Flag, flag_id)
    assert (row.document, row.revision_number, row.language) == (ABOUT.document, 1, "en")
    assert (row.kind, row.state, row.actor) == (FlagKind.wrong, FlagState.open, "usr_eva")
    assert feedback(session) == [("flagged", ABOUT.document, 2)]
    details = {"flag_id": flag_id, "document": ABOUT.document, "kind": "wrong", "position": 2}
    assert events(session) == [("flagged", details)]
    assert audited(session)[-1] == ("raise", flag_id)


def test_nothing_personal_is_kept(session: Session) -> None:
    text = "Anna Novak (anna@example.com) was sent to Hull"
    row = session.get_one(Flag, raise_flag(session, replace(WRONG, text=text), by()))
    assert "Novak" not in row.text
    assert "anna@" not in row.text
    assert "Hull" in row.text


def test_the_same_key_again_writes_nothing(session: Session) -> None:
    first = raise_flag(session, WRONG, by())
    assert raise_flag(session, WRONG, by()) == first
    assert session.scalar(select(func.count()).select_from(Flag)) == 1
    assert len(events(session)) == 1
    for other in (
        (replace(WRONG, kind=FlagKind.stale), by()),
        (replace(WRONG, text="Something else"), by()),
        (replace(WRONG, about=replace(ABOUT, document="case:c-1")), by()),
        (WRONG, by("usr_jan")),
    ):
        with pytest.raises(Conflict, match="new key"):
            raise_flag(session, *other)
    keyless = replace(WRONG, about=replace(ABOUT, idempotency_key=None))
    assert raise_flag(session, keyless, by()) != raise_flag(session, keyless, by())


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"document": None}, InvalidInput),
        ({"document": "offer:x"}, InvalidInput),
        ({"document": "article:never"}, NotFound),
        ({"document": "case:never"}, NotFound),
        ({"interaction_id": "int_never"}, NotFound),
        ({"suggestion_id": "sug_never"}, NotFound),
        ({"position": -1}, InvalidInput),
        ({"revision": 0}, InvalidInput),
        ({"idempotency_key": "x" * 81}, InvalidInput),
    ],
)
def test_what_cannot_be_is_refused(
    session: Session, changes: dict[str, Any], error: type[KbError]
) -> None:
    with pytest.raises(error):
        raise_flag(session, replace(WRONG, about=replace(ABOUT, **changes)), by())
    with pytest.raises(InvalidInput):
        raise_flag(session, replace(WRONG, text="x" * 20_001), by())


def test_a_suggestion_of_another_interaction_is_not_cited(session: Session) -> None:
    interaction(session, "int_2")
    for owner, is_taken in (("int_2", False), (None, True)):
        about = replace(ABOUT, suggestion_id=suggested(session, owner), idempotency_key=None)
        if is_taken:
            assert raise_flag(session, replace(WRONG, about=about), by())
        else:
            with pytest.raises(NotFound):
                raise_flag(session, replace(WRONG, about=about), by())


def test_nobody_flags_what_they_do_not_see(session: Session) -> None:
    """And the answer for it is the same as for what is not there."""
    hidden = {"audience": Audience.internal, "facets": {"country": ["PL"]}}
    save_article(session, article("inside", **hidden), "eva")
    save_article(session, article("draft", state=ArticleState.draft), "eva")
    save_article(session, article("gone"), "eva")
    archive(session, "gone", "eva")
    here = {"country": ["GB"]}

    def refused(document: str, **who: Any) -> str:
        about = replace(ABOUT, document=document, idempotency_key=None)
        with pytest.raises(NotFound) as caught:
            raise_flag(session, replace(WRONG, about=about), by(**who))
        return caught.value.message.replace(document.partition(":")[2], "KEY")

    nowhere = refused("article:never")
    assert refused("article:draft") == refused("article:gone") == nowhere
    assert refused("article:inside", role="customer") == nowhere
    assert refused("article:inside", scope=here) == nowhere
    assert refused("article:inside", role="publisher", scope=here) == nowhere
    assert refused("case:c-1", role="customer") == refused("case:never")
    for key in ("inside", "draft", "gone"):
        about = replace(ABOUT, document=f"article:{key}", idempotency_key=None)
        assert raise_flag(session, replace(WRONG, about=about), by(role="publisher"))


def test_an_interaction_out_of_scope_is_not_there(session: Session) -> None:
    with pytest.raises(NotFound, match="no interaction"):
        raise_flag(session, WRONG, by(scope={"country": ["PL"]}))


def test_closing(session: Session) -> None:
    flag_id = raise_flag(session, WRONG, by())
    assert close_flag(session, flag_id, by("usr_jan", "contributor"))
    assert not close_flag(session, flag_id, by("usr_jan", "contributor"))
    row = session.get_one(Flag, flag_id)
    assert (row.state, row.closed_by) == (FlagState.closed, "usr_jan")
    assert row.closed_at is not None
    assert audited(session)[-1] == ("close", flag_id)
    with pytest.raises(NotFound):
        close_flag(session, "flg_never", by())


def test_lists_are_filtered_paged_and_in_scope(session: Session) -> None:
    save_article(session, article("pl-only", facets={"country": ["PL"]}), "eva")
    for document, kind, who in (
        ("article:wrong-postcode", FlagKind.wrong, "usr_eva"),
        ("article:pl-only", FlagKind.stale, "usr_eva"),
        ("case:c-1", FlagKind.privacy, "usr_jan"),
    ):
        about = replace(ABOUT, document=document, idempotency_key=None)
        last = raise_flag(session, FlagInput(about, kind), by(who))
    close_flag(session, last, by(role="publisher"))

    def found(scope: dict[str, list[str]] | None = None, **filters: Any) -> list[str]:
        page = list_flags(session, FlagFilters(**filters), scope or {})
        assert page.total == len(page.items)
        return [view.document for view in page.items]

    every = ["case:c-1", "article:pl-only", "article:wrong-postcode"]
    assert found() == every
    assert found(state=FlagState.open) == every[1:]
    assert found(kind=FlagKind.stale) == found(document="article:pl-only") == [every[1]]
    assert found({"country": ["GB"]}) == [every[0], every[2]]
    assert found({"country": ["GB"]}, actor="usr_eva") == every[1:]
    page = list_flags(session, FlagFilters(), {}, Paging(1, 1))
    assert ([view.document for view in page.items], page.total) == ([every[1]], 3)
