"""Giving what one knows, and settling it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.actions.articles import save_article
from kb.actions.contributions import ContributionInput, contribute, settle_contribution
from kb.actions.given import About
from kb.domain import Contribution, ContributionKind, ContributionState
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.contributions import ContributionFilters, list_contributions
from tests.kb.builders import article, audited
from tests.kb.live import by, events, feedback, interaction, suggested

KEY = "article:wrong-postcode"
FIX = ContributionInput(
    About("int_1", document=KEY, position=0, idempotency_key="k1"),
    ContributionKind.fix,
    "Ask the depot in Hull, it knows every postcode.",
)
ADD = ContributionInput(
    About("int_1"), ContributionKind.add, "Sobotna dostava je samo v Ljubljani.", "Sobota"
)
TAKEN, REFUSED = ContributionState.taken, ContributionState.refused


@pytest.fixture(autouse=True)
def _there(session: Session) -> None:
    interaction(session, language="sl")
    save_article(session, article(), "eva")


def test_a_fix_is_kept_and_told_of(session: Session) -> None:
    about = replace(FIX.about, suggestion_id=suggested(session, "int_1"), revision=1)
    found = contribute(session, replace(FIX, about=about), by())
    row = session.get_one(Contribution, found)
    assert (row.kind, row.document, row.revision_number) == ("fix", KEY, 1)
    assert (row.language, row.state, row.actor) == ("sl", "open", "usr_eva")
    assert feedback(session) == [("fixed", KEY, 0)]
    [(kind, details)] = events(session)
    assert (kind, details["contribution_id"], details["kind"]) == ("contributed", found, "fix")
    assert audited(session)[-1] == ("contribute", found)


def test_what_is_added_may_stand_alone(session: Session) -> None:
    about = replace(ADD.about, suggestion_id=suggested(session, "int_1"))
    row = session.get_one(Contribution, contribute(session, replace(ADD, about=about), by()))
    assert (row.kind, row.document, row.title, row.text) == ("add", None, "Sobota", ADD.text)
    assert feedback(session) == [("added", None, None)]


def test_nothing_personal_is_kept(session: Session) -> None:
    given = replace(ADD, text="Piši na anna@example.com.", title="anna@example.com", language="sl")
    row = session.get_one(Contribution, contribute(session, given, by()))
    assert "anna@" not in row.text + row.title


def test_the_same_key_again_writes_nothing(session: Session) -> None:
    first = contribute(session, FIX, by())
    assert contribute(session, FIX, by()) == first
    assert session.scalar(select(func.count()).select_from(Contribution)) == 1
    for other in (replace(FIX, text="Other words"), replace(FIX, title="A title")):
        with pytest.raises(Conflict, match="new key"):
            contribute(session, other, by())


def test_what_cannot_be_is_refused(session: Session) -> None:
    for bad in (
        replace(FIX, about=About("int_1")),
        replace(FIX, text="  "),
        replace(FIX, text="x" * 20_001),
        replace(FIX, language="EN!"),
    ):
        with pytest.raises(InvalidInput):
            contribute(session, bad, by())
    for hidden in (
        replace(FIX.about, interaction_id="int_never"),
        replace(FIX.about, document="article:never"),
    ):
        with pytest.raises(NotFound):
            contribute(session, replace(FIX, about=hidden), by())


def test_taking_and_refusing(session: Session) -> None:
    found = contribute(session, FIX, by())
    editor = by("usr_jan", "contributor")
    assert settle_contribution(session, found, TAKEN, editor, "wrong-postcode")
    assert not settle_contribution(session, found, TAKEN, editor, "wrong-postcode")
    row = session.get_one(Contribution, found)
    assert (row.state, row.article_id, row.settled_by) == (TAKEN, "wrong-postcode", "usr_jan")
    assert audited(session)[-1] == ("take", found)
    with pytest.raises(Conflict, match="taken already"):
        settle_contribution(session, found, REFUSED, editor)
    other = contribute(session, ADD, by())
    for arguments, error in (
        ((ContributionState.open, editor), InvalidInput),
        ((REFUSED, editor, "wrong-postcode"), InvalidInput),
        ((TAKEN, editor, "never"), NotFound),
    ):
        with pytest.raises(error):
            settle_contribution(session, other, *arguments)
    assert settle_contribution(session, other, REFUSED, editor)
    with pytest.raises(NotFound):
        settle_contribution(session, "con_never", TAKEN, editor)


def test_out_of_scope_nothing_is_settled_or_listed(session: Session) -> None:
    interaction(session, "int_pl", facets={"country": ["PL"]})
    save_article(session, article("pl-only", facets={"country": ["PL"]}), "eva")
    fix = replace(FIX.about, document="article:pl-only", idempotency_key=None)
    polish = [
        contribute(session, replace(FIX, about=fix), by()),
        contribute(session, replace(ADD, about=About("int_pl")), by()),
    ]
    british = contribute(session, ADD, by())
    narrow = by("usr_jan", "contributor", {"country": ["GB"]})
    for key in polish:
        with pytest.raises(NotFound):
            settle_contribution(session, key, TAKEN, narrow)
    assert settle_contribution(session, british, TAKEN, narrow)

    def listed(scope: dict[str, list[str]], **filters: Any) -> set[str]:
        page = list_contributions(session, ContributionFilters(**filters), scope)
        assert page.total == len(page.items)
        return {view.id for view in page.items}

    assert listed({}) == {*polish, british}
    assert listed(narrow.scope) == {british}
    assert listed(narrow.scope, actor="usr_eva") == {*polish, british}
    assert listed({}, state=ContributionState.open) == set(polish)
    assert listed({}, kind=ContributionKind.fix) == {polish[0]}
    assert listed({}, document="article:pl-only") == {polish[0]}
