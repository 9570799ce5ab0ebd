"""How often colleagues solved with a document."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb.actions.cases import archive_case, save_case
from kb.actions.suggestions import FeedbackInput, record_feedback
from kb.domain import Case, CaseState, FeedbackKind, InteractionState, Outcome
from kb.queries.solved import solved_before
from tests.kb.builders import case
from tests.kb.live import interaction, suggested

ARTICLE = "article:wrong-postcode"


def test_cases_that_cite_an_article_count_for_it(session: Session) -> None:
    for key, outcome in (
        ("c-1", Outcome.solved),
        ("c-2", Outcome.solved_second_contact),
        ("c-3", Outcome.not_solved),
        ("c-4", Outcome.compensated),
        ("c-5", Outcome.solved),
    ):
        save_case(session, case(key, articles=["wrong-postcode", "other"], outcome=outcome), "eva")
    save_case(session, case("c-6", articles=["wrong-postcode"], state=CaseState.open), "eva")
    archive_case(session, "c-5", "eva")
    assert solved_before(session, [ARTICLE, "article:other", "article:never"]) == {
        ARTICLE: 2,
        "article:other": 2,
    }
    assert solved_before(session, []) == {}


def test_a_case_that_cites_something_else_now_counts_no_more(session: Session) -> None:
    save_case(session, case("c-1", articles=["wrong-postcode", "wrong-postcode"]), "eva")
    assert solved_before(session, [ARTICLE]) == {ARTICLE: 1}
    save_case(session, case("c-1", articles=["other"]), "eva")
    assert solved_before(session, [ARTICLE, "article:other"]) == {"article:other": 1}


def test_a_case_counts_itself_and_those_with_the_same_main_article(session: Session) -> None:
    save_case(session, case("c-1", articles=["wrong-postcode", "other"]), "eva")
    save_case(session, case("c-2", articles=["wrong-postcode"]), "eva")
    save_case(session, case("c-3", articles=["other", "wrong-postcode"]), "eva")
    save_case(session, case("c-4", articles=["wrong-postcode"], outcome=Outcome.not_solved), "eva")
    save_case(session, case("c-5"), "eva")
    assert solved_before(session, [f"case:c-{n}" for n in range(1, 7)]) == {
        "case:c-1": 2,
        "case:c-2": 2,
        "case:c-3": 1,
        "case:c-4": 2,
        "case:c-5": 1,
    }


def test_use_counts_when_the_interaction_was_solved(session: Session) -> None:
    done = {"state": InteractionState.resolved, "outcome": Outcome.solved}
    interaction(session, "int_open")
    interaction(session, "int_done", **done)
    interaction(session, "int_bad", **(done | {"outcome": Outcome.not_solved}))
    for key in ("int_open", "int_done", "int_bad"):
        found = suggested(session, key)
        record_feedback(session, found, FeedbackInput(FeedbackKind.used, ARTICLE))
        record_feedback(session, found, FeedbackInput(FeedbackKind.edited, ARTICLE))
    record_feedback(session, suggested(session), FeedbackInput(FeedbackKind.used, ARTICLE))
    assert solved_before(session, [ARTICLE]) == {ARTICLE: 1}
    record_feedback(session, suggested(session), FeedbackInput(FeedbackKind.solved, ARTICLE))
    record_feedback(session, suggested(session), FeedbackInput(FeedbackKind.solved, "case:c-9"))
    assert solved_before(session, [ARTICLE, "case:c-9"]) == {ARTICLE: 2, "case:c-9": 1}


def test_an_interaction_and_its_case_are_one_contact(session: Session) -> None:
    save_case(session, case("c-1", articles=["wrong-postcode"]), "eva")
    done = {"state": InteractionState.resolved, "outcome": Outcome.solved, "case_id": "c-1"}
    interaction(session, "int_1", **done)
    found = suggested(session, "int_1")
    for kind in (FeedbackKind.used, FeedbackKind.solved):
        record_feedback(session, found, FeedbackInput(kind, ARTICLE))
    assert solved_before(session, [ARTICLE]) == {ARTICLE: 1}


def test_what_a_case_cites_goes_with_it(session: Session) -> None:
    save_case(session, case("c-1", articles=["wrong-postcode"]), "eva")
    row = session.get_one(Case, "c-1")
    messages = "DELETE FROM case_message WHERE case_id = 'c-1'"
    session.connection().exec_driver_sql("DELETE FROM redaction")
    session.connection().exec_driver_sql(messages)
    session.delete(row)
    session.flush()
    assert solved_before(session, [ARTICLE]) == {}
