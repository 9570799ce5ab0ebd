"""What is personal in cases: found at every save, corrected by people, hidden from readers."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from kb.actions.cases import MessageInput, resolve_case, save_case
from kb.actions.redactions import RedactionInput, correct_redactions, redact_again
from kb.actions.saved import SaveStatus
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.domain import Outcome, RedactionSource, RedactionState, Role
from kb.errors import ConfigError, Conflict, InvalidInput, NotFound
from kb.queries.cases import (
    CaseRedactions,
    get_case_redactions,
    get_case_view,
    get_raw_case_view,
    load_resolved,
)
from kb.queries.redactions import names_in, redaction_rules, rules_of
from kb.text.redact import PersonalKind
from tests.kb.builders import audited, case, enqueued, index_case, indexed_case

KEY = "en-0001"
MAIL = "zuzana.hrubkova@example.com"
CODE = "blue-falcon"  # personal only because somebody says so
TEXT = f"Write to {MAIL}, the code is {CODE}, thanks"
HIDDEN, SHOWN = RedactionState.hidden, RedactionState.shown


def save(session: Session, *texts: str, **changes: Any) -> None:
    messages = [MessageInput(Role.customer, said) for said in texts or (TEXT,)]
    save_case(session, case(messages=messages, **changes), "importer")


def said(session: Session) -> list[str]:
    """The messages as readers see them."""
    return [message.text for message in get_case_view(session, KEY).messages]


def correct(session: Session, *changes: RedactionInput) -> CaseRedactions:
    """All redactions as they are, with these in place of those at the same characters."""
    found = get_case_redactions(session, KEY)
    places = {(change.part, change.start, change.end) for change in changes}
    kept = [
        RedactionInput(row.part, row.start, row.end, PersonalKind(row.kind), row.state)
        for row in found.redactions
        if (row.part, row.start, row.end) not in places
    ]
    correct_redactions(session, KEY, [*kept, *changes], version=found.version, actor="ann")
    return get_case_redactions(session, KEY)


def at(words: str, said: str = TEXT, part: str = "message:0", **more: Any) -> RedactionInput:
    start = said.index(words)
    return RedactionInput(part, start, start + len(words), PersonalKind.name, **more)


def test_readers_and_the_index_get_what_may_be_shown(session: Session) -> None:
    parts = {"subject": f"Mail of {MAIL}", "tried": MAIL, "resolution": f"Wrote to {MAIL}"}
    save(session, TEXT, **parts)
    for view in (get_case_view(session, KEY), load_resolved(session, KEY)):
        assert view is not None
        assert MAIL not in str(view)
        assert view.messages[0].text == f"Write to [e-mail], the code is {CODE}, thanks"
        assert not view.raw
    raw = get_raw_case_view(session, KEY)
    assert (raw.messages[0].text, raw.tried, raw.raw) == (TEXT, MAIL, True)


def test_names_that_the_case_knows_are_hidden(session: Session) -> None:
    save(session, "Hrubkova called again", customer_ref="Zuzana Hrubkova", agent_ref="agent-07")
    view = get_case_view(session, KEY)
    assert "Hrubkova" not in str(view)
    assert view.agent_ref == "agent-07"
    assert get_raw_case_view(session, KEY).customer_ref == "Zuzana Hrubkova"


@pytest.mark.parametrize(
    ("customer", "agent", "names"),
    [
        ("Zuzana Hrubkova", "Ann-Marie O'Neill", ("Zuzana Hrubkova", "Ann-Marie O'Neill")),
        ("Novák", "Support", ("Novák",)),
        ("cust-4711", "agent-07", ()),
        ("Novák, Jan", None, ("Novák Jan",)),
        (None, "", ()),
        ("C4711", "J.", ()),
    ],
)
def test_references_that_look_like_names(
    customer: str | None, agent: str | None, names: tuple[str, ...]
) -> None:
    assert names_in(customer, agent) == names


def test_a_wrong_one_is_lifted_and_a_missed_one_added(session: Session) -> None:
    indexed_case(session, messages=[MessageInput(Role.customer, TEXT)])
    mail = at(MAIL, state=SHOWN)
    found = correct(session, mail, at(CODE))
    assert said(session) == [f"Write to {MAIL}, the code is [name], thanks"]
    by_place = {row.start: row for row in found.redactions}
    lifted, added = by_place[mail.start], by_place[TEXT.index(CODE)]
    assert (lifted.source, lifted.state, lifted.by) == (RedactionSource.found, SHOWN, "ann")
    assert (added.source, added.state, added.by) == (RedactionSource.person, HIDDEN, "ann")
    assert audited(session)[-1] == ("redact", KEY)
    assert len(enqueued(session)) == 2  # indexed again
    assert index_case(session, KEY).removed == ()  # the old passages went with the correction
    again = [RedactionInput(r.part, r.start, r.end, PersonalKind(r.kind), r.state)
             for r in found.redactions]  # fmt: skip
    same = correct_redactions(session, KEY, again, version=found.version, actor="eve")
    assert same.status == SaveStatus.unchanged
    correct_redactions(session, KEY, [], version=found.version, actor="eve")
    assert said(session) == [TEXT]  # left out: lifted, or taken back


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ((TEXT, "More."), [f"Write to {MAIL}, the code is [name], thanks", "More."]),
        (("First.", TEXT), ["First.", f"Write to {MAIL}, the code is [name], thanks"]),
        ((f"Really {CODE}. {TEXT}",),
         [f"Really [name]. Write to {MAIL}, the code is [name], thanks"]),
        ((f"{MAIL} and peter@example.com",), [f"{MAIL} and [e-mail]"]),
    ],
    ids=["unchanged", "moved", "changed", "another"],
)  # fmt: skip
def test_corrections_survive_a_save(
    session: Session, texts: tuple[str, ...], shown: list[str]
) -> None:
    save(session)
    correct(session, at(MAIL, state=SHOWN), at(CODE))
    save(session, *texts, tried="once more")
    assert said(session) == shown


def test_resolving_finds_what_is_personal_and_keeps_corrections(session: Session) -> None:
    save(session, state=None, resolution="", outcome=None)
    correct(session, at(CODE))
    resolve_case(session, KEY, f"Wrote to {MAIL}.", Outcome.solved, "", "ann")
    view = get_case_view(session, KEY)
    assert view.resolution == "Wrote to [e-mail]."
    assert view.messages[0].text == "Write to [e-mail], the code is [name], thanks"


def test_corrections_that_cannot_be(session: Session) -> None:
    save(session)
    name = PersonalKind.name
    for wrong in (
        RedactionInput("message:7", 0, 1, name),
        RedactionInput("message:0", 3, 3, name),
        RedactionInput("message:0", 0, len(TEXT) + 1, name),
        RedactionInput("tried", 0, 1, name),
    ):
        with pytest.raises(InvalidInput):
            correct_redactions(session, KEY, [wrong], version=1, actor="ann")
    with pytest.raises(Conflict, match="version 1"):
        correct_redactions(session, KEY, [], version=7, actor="ann")
    with pytest.raises(NotFound):
        correct_redactions(session, "none", [], version=1, actor="ann")


def test_the_redacted_text_cannot_be_saved_in_place_of_the_raw_one(session: Session) -> None:
    save(session)
    with pytest.raises(Conflict, match="raw=true"):
        save(session, *said(session))
    assert get_raw_case_view(session, KEY).messages[0].text == TEXT


def test_a_case_older_than_redaction(session: Session) -> None:
    save(session)
    session.execute(text("DELETE FROM redaction"))
    session.execute(text('UPDATE "case" SET redacted_with = NULL'))
    session.expire_all()
    assert MAIL not in str(get_case_view(session, KEY))
    assert MAIL not in str(load_resolved(session, KEY))
    with pytest.raises(Conflict, match="raw=true"):
        save(session, *said(session))
    assert redact_again(session, KEY, "cli") == 1
    assert redact_again(session, KEY, "cli") is None
    session.expire_all()
    assert MAIL not in str(get_case_view(session, KEY))
    correct(session, at(CODE))
    assert said(session) == ["Write to [e-mail], the code is [name], thanks"]


def test_new_rules_are_for_all_cases_when_asked(sqlite_url: str) -> None:
    def opened(**patterns: list[str]) -> Session:
        settings = Settings(database_url=sqlite_url, redaction_patterns=patterns, _env_file=None)
        return session_factory(create_engine_for(settings))()

    with opened() as session:
        save(session, "Ticket TCK-778899 is open")
        correct(session, at("open", "Ticket TCK-778899 is open"))
        session.commit()
        session.get_bind().dispose()  # type: ignore[union-attr]
    with opened(order=["TCK-[0-9]{6}"]) as session:
        assert said(session) == ["Ticket TCK-778899 is [name]"]
        assert redact_again(session, KEY, "cli") == 2
        assert "778899" not in said(session)[0]
        assert "[name]" in said(session)[0]
        assert rules_of(session) == redaction_rules(
            Settings(redaction_patterns={"order": ["TCK-[0-9]{6}"]}, _env_file=None)
        )
        session.get_bind().dispose()  # type: ignore[union-attr]


def test_patterns_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError):
        redaction_rules(Settings(redaction_patterns={"shoe": ["x{9}"]}, _env_file=None))
