"""Retention: what is old enough goes, and no more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from kb.actions import audit
from kb.actions.cases import MessageInput, save_case
from kb.actions.gaps import close_gap, record_gap
from kb.actions.suggestions import FeedbackInput, record_feedback
from kb.actions.webhooks import send_test
from kb.config import Settings
from kb.domain import (
    Case,
    ColleagueQuestion,
    Contribution,
    Feedback,
    FeedbackKind,
    Flag,
    Gap,
    Interaction,
    InteractionEvent,
    InteractionMessage,
    LinkPurpose,
    OneTimeLink,
    Role,
    Suggestion,
    User,
    UserSession,
    WebhookDelivery,
    WebhookReceipt,
    utc_now,
)
from kb.privacy.retain import RetainReport, retain
from kb.queries.audit import AuditFilter, chain_end, list_audit, verify_chain
from kb.queries.cases import get_case_view, get_raw_case_view
from tests.kb.builders import case, index_case, suggestion
from tests.kb.hooked import interaction, outbound
from tests.kb.privacy.dialogs import plant_dialogs

NOW = utc_now()
MAIL = "zuzana.hrubkova@example.com"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def settings(**days: int) -> Settings:
    kinds = RetainReport.__slots__
    given: dict[str, Any] = {f"retention_{kind}": days.get(kind, 0) for kind in kinds}
    return Settings(_env_file=None, **given)


def run(engine: Engine, dry_run: bool = False, **days: int) -> RetainReport:
    return retain(settings(**days), engine, now=NOW, dry_run=dry_run)


def old_suggestion(session: Session, days: float) -> str:
    made = suggestion(session, request={"messages": [{"text": MAIL}]}, response={"focus": MAIL})
    row = session.get(Suggestion, made)
    assert row is not None
    row.created_at = ago(days)
    session.flush()
    return made


def test_suggestions_go_and_those_that_are_cited_lose_their_texts(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        free, by_feedback, by_gap = (old_suggestion(session, 31) for _ in range(3))
        young = old_suggestion(session, 29)
        record_feedback(session, by_feedback, FeedbackInput(FeedbackKind.used))
        record_gap(session, "Where?", "en", "not_sure", by_gap)
    assert run(engine, suggestions=30) == RetainReport(suggestions=3)
    assert run(engine, suggestions=30) == RetainReport()
    with sessions() as session:
        assert session.get(Suggestion, free) is None
        for kept in (by_feedback, by_gap):
            row = session.get(Suggestion, kept)
            assert row is not None
            assert (row.query, row.request, row.response) == ("", {}, {})
        left = session.get(Suggestion, young)
        assert left is not None
        assert left.response == {"focus": MAIL}


@pytest.mark.parametrize("table", [Flag, Contribution, ColleagueQuestion])
def test_suggestions_that_agents_cited_keep_their_figures(
    engine: Engine, sessions: sessionmaker[Session], table: type[Any]
) -> None:
    with sessions.begin() as session:
        made = old_suggestion(session, 31)
        row = session.get_one(Suggestion, made)
        row.change = {"reason": "new_question", "words": [MAIL]}
        session.add(User(id="usr_1", email="a@lipa.example", name="A"))
        session.flush()
        values = {"id": "x", "suggestion_id": made, "language": "en", "text": "x", "actor": "a"}
        values |= {
            "interaction_id": interaction(session),
            "kind": {Flag: "stale"}.get(table, "fix"),
        }
        values |= {"document": "article:a", "asked_by": "a", "asked_of": "usr_1"}
        known = {name: value for name, value in values.items() if name in table.model_fields}
        session.add(table.model_validate(known))
    assert run(engine, suggestions=30) == RetainReport(suggestions=1)
    assert run(engine, suggestions=30) == RetainReport()
    with sessions() as session:
        row = session.get_one(Suggestion, made)
        assert (row.query, row.request, row.change) == ("", {}, None)


def test_interactions_lose_their_words_and_keep_what_is_counted(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        plant_dialogs(session, lambda place: f"{place} {MAIL}", f"ref {MAIL}", "others")
        session.add(User(id="usr_1", email="a@lipa.example", name="A"))
        session.execute(update(Contribution).values(settled_at=ago(40)))
        session.execute(update(Interaction).values(updated_at=ago(31)))
        young = interaction(session, "int_young", subject=MAIL, updated_at=ago(29))
        events = session.scalar(select(func.count()).select_from(InteractionEvent))
    assert run(engine, interactions=30, dry_run=True).interactions == 3
    assert run(engine, interactions=30) == RetainReport(interactions=3)
    assert run(engine, interactions=30) == RetainReport()
    with sessions() as session:
        for row in session.scalars(select(Interaction).where(col(Interaction.id) != young)):
            assert (row.customer_ref, row.customer_name, row.agent_ref) == (None, None, None)
            assert (row.subject, row.resolution, row.handover_note) == ("", "", "")
            assert row.handed_to is None
        for message in session.scalars(select(InteractionMessage)):
            assert (message.text, message.text_hashes) == ("", [])
            assert message.key == f"emptied-{message.id}"
        assert session.scalar(select(func.count()).select_from(InteractionEvent)) == events
        assert set(session.scalars(select(col(InteractionEvent.actor)))) == {"anonymous"}
        assert set(session.scalars(select(col(ColleagueQuestion.text)))) == {""}
        assert set(session.scalars(select(col(Contribution.text)))) == {""}
        assert "" not in set(session.scalars(select(col(Flag.text))))  # nobody saw to them yet
        assert session.get_one(Interaction, young).subject == MAIL


def test_what_was_sent_to_and_came_from_webhooks_goes(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        webhook_id = outbound(session)
        young, old = send_test(session, webhook_id), send_test(session, webhook_id)
        session.get_one(WebhookDelivery, old).created_at = ago(31)
        for key, days in (("new", 0.5), ("gone", 1.5)):
            session.add(WebhookReceipt(webhook_id=webhook_id, message_id=key, at=ago(days)))
    report = run(engine, deliveries=30, receipts=1)
    assert report == RetainReport(deliveries=1, receipts=1)
    with sessions() as session:
        assert session.scalars(select(col(WebhookDelivery.id))).all() == [young]
        assert session.scalars(select(col(WebhookReceipt.message_id))).all() == ["new"]


def test_feedback_keeps_what_counts(engine: Engine, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        given = FeedbackInput(FeedbackKind.edited, "article:a", 1, "why", "words", actor="usr_1")
        record_feedback(session, suggestion(session), given)
        session.execute(update(Feedback).values(created_at=ago(100)))
    assert run(engine, feedback=101) == RetainReport()
    assert run(engine, feedback=99) == RetainReport(feedback=1)
    assert run(engine, feedback=99) == RetainReport()
    with sessions() as session:
        row = session.scalars(select(Feedback)).one()
        assert (row.reason, row.text, row.actor) == ("", "", "anonymous")
        assert (row.kind, row.document, row.position) == (FeedbackKind.edited, "article:a", 1)


def test_gaps_that_are_closed_go(engine: Engine, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        made = suggestion(session)
        closed = record_gap(session, "Closed?", "en", "not_sure", made)
        record_gap(session, "Open?", "en", "not_sure", made)
        close_gap(session, closed, actor="ann")
        session.execute(update(Gap).values(last_at=ago(10)))
    assert run(engine, gaps=9) == RetainReport(gaps=1)
    with sessions() as session:
        assert session.scalars(select(col(Gap.question))).all() == ["Open?"]


def test_sessions_and_links_that_are_over_go(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.add(User(id="usr_1", email="a@lipa.example", name="A"))
        session.flush()
        ends = {"over": (ago(11), None), "revoked": (ago(-9), ago(11)), "on": (ago(-9), None)}
        for name, (expires, revoked) in ends.items():
            session.add(
                UserSession(id=name, user_id="usr_1", token_hash=name, expires_at=expires,
                            revoked_at=revoked)
            )  # fmt: skip
            session.add(
                OneTimeLink(token_hash=name, user_id="usr_1", purpose=LinkPurpose.reset,
                            expires_at=expires, used_at=revoked)
            )  # fmt: skip
    assert run(engine, sessions=10, links=10) == RetainReport(sessions=2, links=2)
    with sessions() as session:
        assert session.scalars(select(col(UserSession.id))).all() == ["on"]
        assert session.scalars(select(col(OneTimeLink.token_hash))).all() == ["on"]


def test_of_old_cases_only_what_may_be_shown_stays(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        for key, state in (("en-1", "resolved"), ("en-2", None), ("en-3", "resolved")):
            said = [MessageInput(Role.customer, f"Write to {MAIL}")]
            more: dict[str, Any] = {} if state else {"state": None, "resolution": ""}
            save_case(session, case(key, messages=said, **more), "i")
            index_case(session, key)
        session.execute(update(Case).where(col(Case.id) != "en-3").values(updated_at=ago(400)))
    shown = "Write to [e-mail]"
    assert run(engine, dry_run=True, raw_cases=365) == RetainReport(raw_cases=1)
    assert run(engine, raw_cases=365) == RetainReport(raw_cases=1)
    assert run(engine, raw_cases=365) == RetainReport()
    with sessions() as session:
        raw = [get_raw_case_view(session, f"en-{n}").messages[0].text for n in (1, 2, 3)]
        assert raw == [shown, f"Write to {MAIL}", f"Write to {MAIL}"]
        assert get_case_view(session, "en-1").messages[0].text == shown
        row = session.get(Case, "en-1")
        assert row is not None
        assert row.raw_removed_at is not None


def test_the_audit_is_pruned_and_the_chain_stays_whole(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    for days in (400, 380, 10, 390):  # the last one is older than one that stays
        with sessions.begin() as session:
            audit.record(session, "ann", "save", "case", f"{days} days")
            session.flush()
            moved = text("UPDATE audit SET at = :at WHERE number IS NULL")
            session.execute(moved, {"at": _sql(engine, ago(days))})
            session.expire_all()
    with sessions() as session:
        head = chain_end(session)
    assert run(engine, dry_run=True, audit=365).audit == 2
    assert run(engine, audit=365) == RetainReport(audit=2)
    assert run(engine, audit=365) == RetainReport()
    with sessions() as session:
        report = verify_chain(session, (head,))
        assert (report.problem, report.entries) == (None, 3)
        assert list_audit(session, AuditFilter(action="prune")).items[0].details["entries"] == 2
    everything = retain(settings(audit=1), engine, now=NOW + timedelta(days=9999))
    assert everything.audit == 3
    with sessions.begin() as session:
        audit.record(session, "ann", "save", "case", "later")
    with sessions() as session:
        assert verify_chain(session, (head,)).problem is None
        assert chain_end(session).number == 7


def test_a_dry_run_writes_nothing_and_0_is_for_ever(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        old_suggestion(session, 9_000)
    assert run(engine) == RetainReport()
    assert run(engine, dry_run=True, suggestions=30) == RetainReport(suggestions=1)
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Suggestion)) == 1
        assert list_audit(session).total == 0
    run(engine, suggestions=30)
    with sessions() as session:
        assert list_audit(session).items[0].details["suggestions"] == 1


def _sql(engine: Engine, moment: datetime) -> object:
    if engine.dialect.name == "postgresql":
        return moment
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
