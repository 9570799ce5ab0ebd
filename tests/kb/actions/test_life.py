"""The life of an article: review, second person, plans, tasks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from indexer.schedule import run_due
from kb.actions.articles import archive, publish, save_article, set_trust
from kb.actions.due_reviews import COMPLAINTS, USES, raise_due
from kb.actions.reviews import approve, ask_changes, submit, withdraw
from kb.actions.saved import SaveStatus
from kb.actions.schedules import call_off, carry_out, plan
from kb.actions.tasks import change_task, close_task, follow_flag, mark_reviewed
from kb.domain import (
    Article,
    ArticleChange,
    ArticleState,
    Audience,
    Feedback,
    FeedbackKind,
    Flag,
    FlagKind,
    FlagState,
    Governance,
    Review,
    ReviewDecision,
    Schedule,
    ScheduledAction,
    ScheduleState,
    Task,
    TaskKind,
    TaskState,
    Trust,
    utc_now,
)
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.articles import get_article_view, load_article
from tests.kb.builders import article, audited, enqueued, suggestion

KEY = "wrong-postcode"
HOUR = timedelta(hours=1)


def draft(session: Session, actor: str = "eva", **fields: object) -> None:
    save_article(session, article(state=None, **fields), actor)


def read(session: Session) -> str:
    return get_article_view(session, KEY, Audience.public).translations[0].body


def test_a_draft_goes_through_review_to_the_readers(session: Session) -> None:
    draft(session)
    submit(session, KEY, "eva", note="please look")
    assert load_article(session, KEY).state == ArticleState.in_review
    saved = approve(session, KEY, "jan", note="good", publish=True, validate=True)
    view = get_article_view(session, KEY, Audience.public)
    assert (view.state, view.trust) == (ArticleState.published, Trust.validated)
    assert audited(session) == [("create", KEY), ("submit", KEY), ("approve", KEY)]
    changes = session.scalars(select(ArticleChange).order_by(col(ArticleChange.id))).all()
    assert [(c.action, c.actor, c.note) for c in changes] == [
        ("create", "eva", ""),
        ("submit", "eva", "please look"),
        ("approve", "jan", "good"),
    ]
    assert changes[-1].version == saved.version
    assert len(enqueued(session)) == 1


def test_changes_asked_for_send_it_back_with_a_word(session: Session) -> None:
    draft(session)
    submit(session, KEY, "eva")
    with pytest.raises(InvalidInput, match="note"):
        ask_changes(session, KEY, "jan", note=" ")
    ask_changes(session, KEY, "jan", note="say which form")
    assert load_article(session, KEY).state == ArticleState.draft
    [review] = session.scalars(select(Review)).all()
    assert (review.decision, review.decision_note) == (
        ReviewDecision.changes_asked,
        "say which form",
    )
    with pytest.raises(Conflict, match="submit"):
        approve(session, KEY, "jan")


def test_asking_twice_changes_nothing_and_can_be_taken_back(session: Session) -> None:
    draft(session)
    first = submit(session, KEY, "eva")
    assert submit(session, KEY, "eva").status == SaveStatus.unchanged
    withdraw(session, KEY, "eva")
    view = load_article(session, KEY)
    assert (view.state, view.version) == (ArticleState.draft, first.version + 1)


def test_a_published_article_is_reviewed_while_readers_keep_what_they_have(
    session: Session,
) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    with pytest.raises(Conflict, match="nothing unpublished"):
        submit(session, KEY, "eva")
    save_article(session, article(texts={"en": "Two"}, state=None), "eva")
    submit(session, KEY, "eva")
    assert read(session) == "One"
    approve(session, KEY, "jan", publish=True)
    assert read(session) == "Two"


def test_what_was_approved_can_be_published_later(session: Session) -> None:
    draft(session)
    submit(session, KEY, "eva")
    approve(session, KEY, "jan")
    assert load_article(session, KEY).state == ArticleState.in_review
    publish(session, KEY, None, "eva")
    assert read(session)


def test_an_approval_of_something_older_is_refused(session: Session) -> None:
    draft(session)
    seen = submit(session, KEY, "eva").version
    save_article(session, article(texts={"en": "Other"}, state=None), "eva")
    with pytest.raises(Conflict, match="version"):
        approve(session, KEY, "jan", expected_version=seen)


@pytest.mark.parametrize("way", ["approve", "publish", "save", "plan", "lower"])
def test_compliance_needs_somebody_who_wrote_none_of_it(session: Session, way: str) -> None:
    rules = Governance.compliance
    draft(session, "eva", governance=rules)
    save_article(session, article(texts={"en": "Two"}, state=None, governance=rules), "jan")
    submit(session, KEY, "eva")
    ways = {
        "approve": lambda actor: approve(session, KEY, actor, publish=True),
        "publish": lambda actor: publish(session, KEY, None, actor),
        "save": lambda actor: save_article(
            session, article(texts={"en": "Two"}, governance=rules), actor
        ),
        "plan": lambda actor: plan(session, KEY, ScheduledAction.publish, utc_now() + HOUR, actor),
        "lower": lambda actor: save_article(
            session, article(texts={"en": "Two"}, state=None), actor
        ),
    }
    for author in ("eva", "jan"):
        with session.begin_nested() as nested:
            with pytest.raises(Conflict, match="second person"):
                ways[way](author)
            nested.rollback()
        session.expire_all()
    ways[way]("iva")


def test_a_publisher_who_wrote_only_what_readers_have_may_publish(session: Session) -> None:
    rules = Governance.compliance
    draft(session, "eva", governance=rules)
    publish(session, KEY, None, "jan")
    save_article(session, article(texts={"en": "Two"}, state=None, governance=rules), "jan")
    publish(session, KEY, None, "eva")
    assert read(session) == "Two"


def test_an_import_carries_over_what_was_decided(session: Session) -> None:
    given = article(governance=Governance.compliance)
    assert save_article(session, given, "import").status == SaveStatus.created


def test_a_plan_publishes_once_what_was_there_when_it_was_made(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        save_article(session, article(texts={"en": "One"}, state=None), "eva")
        plan(session, KEY, ScheduledAction.publish, utc_now() + HOUR, "eva", note="campaign")
        save_article(session, article(texts={"en": "Later"}, state=None), "eva")
    assert run_due(sessions) == ()
    after = utc_now() + 2 * HOUR  # a server that was down all the time
    with ThreadPoolExecutor(4) as pool:
        done = sorted(pool.map(lambda _: run_due(sessions, after), range(4)))
    assert done == [(), (), (), (KEY,)]
    assert run_due(sessions, after - 3 * HOUR) == ()  # the clock was put back
    assert run_due(sessions, after + HOUR) == ()
    with sessions() as session:
        assert read(session) == "One"
        assert [a for a, _ in audited(session)] == ["create", "plan", "save", "publish"]
        assert session.scalars(select(Schedule)).one().state == ScheduleState.done


def test_a_plan_never_brings_an_older_text_back(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        save_article(session, article(texts={"en": "One"}, state=None), "eva")
        plan(session, KEY, ScheduledAction.publish, utc_now() + HOUR, "eva")
        save_article(session, article(texts={"en": "Two"}), "eva")
    run_due(sessions, utc_now() + 2 * HOUR)
    with sessions() as session:
        assert read(session) == "Two"


def test_plans_can_be_replaced_and_called_off(session: Session) -> None:
    draft(session)
    moment = utc_now() + HOUR
    first = plan(session, KEY, ScheduledAction.publish, moment, "eva")
    second = plan(session, KEY, ScheduledAction.publish, moment + HOUR, "eva")
    assert carry_out(session, first, moment) is None
    call_off(session, second, "jan", note="not yet")
    assert carry_out(session, second, moment + 3 * HOUR) is None
    with pytest.raises(Conflict, match="cancelled"):
        call_off(session, second, "jan")
    with pytest.raises(NotFound):
        call_off(session, 99, "jan")
    with pytest.raises(InvalidInput, match="over"):
        plan(session, KEY, ScheduledAction.archive, utc_now() - HOUR, "eva")


def test_a_planned_archiving_takes_it_from_the_readers(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        save_article(session, article(), "eva")
        plan(session, KEY, ScheduledAction.archive, utc_now() + HOUR, "eva")
    assert run_due(sessions, utc_now() + 2 * HOUR) == (KEY,)
    with sessions() as session:
        assert load_article(session, KEY).state == ArticleState.archived
        assert session.scalars(select(Schedule)).one().state == ScheduleState.done


def test_a_plan_that_cannot_be_done_becomes_a_task(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        draft(session, owner="eva", governance=Governance.experience)
        found = plan(session, KEY, ScheduledAction.publish, utc_now() + HOUR, "eva")
        save_article(
            session, article(state=None, owner="eva", governance=Governance.compliance), "eva"
        )
    assert run_due(sessions, utc_now() + 2 * HOUR) == ()
    with sessions() as session:
        row = session.get_one(Schedule, found)
        assert row.state == ScheduleState.failed
        assert "second person" in row.error
        [task] = session.scalars(select(Task)).all()
        assert (task.kind, task.owner) == (TaskKind.schedule_failed, "eva")
        assert load_article(session, KEY).state == ArticleState.draft


def test_archiving_calls_off_what_was_planned(session: Session) -> None:
    draft(session)
    found = plan(session, KEY, ScheduledAction.publish, utc_now() + HOUR, "eva")
    archive(session, KEY, "eva")
    assert session.get_one(Schedule, found).state == ScheduleState.cancelled


def flag(session: Session, kind: FlagKind, key: str = "flg_1") -> Flag:
    row = Flag(id=key, document=f"article:{KEY}", language="en", kind=kind, actor="agent")
    session.add(row)
    session.flush()
    return row


@pytest.mark.parametrize(
    ("kind", "trust", "days"),
    [
        (FlagKind.wrong, Trust.not_validated, 2),
        (FlagKind.privacy, Trust.not_validated, 1),
        (FlagKind.stale, Trust.validated, 14),
    ],
)
def test_a_flag_becomes_a_task_and_a_serious_one_takes_trust_away(
    session: Session, kind: FlagKind, trust: Trust, days: int
) -> None:
    save_article(session, article(owner="eva"), "eva")
    set_trust(session, KEY, Trust.validated, "jan")
    row = flag(session, kind)
    assert follow_flag(session, row, "agent")
    assert not follow_flag(session, row, "agent")
    assert session.get_one(Article, KEY).trust == trust
    [task] = session.scalars(select(Task)).all()
    assert (task.owner, task.reason, task.flag_id) == ("eva", kind, row.id)
    assert task.due_at - task.created_at == timedelta(days=days)
    change_task(session, task.id or 0, "jan", owner="iva", due_at=task.due_at + HOUR)
    close_task(session, task.id or 0, "iva", note="put right")
    session.refresh(row)
    assert (task.state, row.state, row.closed_by) == (TaskState.done, FlagState.closed, "iva")
    with pytest.raises(Conflict, match="done"):
        change_task(session, task.id or 0, "jan", owner="eva", due_at=utc_now())


def test_reviews_fall_due_by_age_use_and_flags_once(session: Session) -> None:
    now = utc_now()
    save_article(session, article("aged", review_by=now - HOUR, owner="eva"), "eva")
    for key in ("old", "used", "blamed", "fresh", "over"):
        save_article(
            session, article(key, valid_until=now - HOUR if key == "over" else None), "eva"
        )
    session.get_one(Article, "old").updated_at = now - timedelta(days=400)
    found = suggestion(session)
    for document, kind, count in (
        ("article:used", FeedbackKind.used, USES),
        ("article:blamed", FeedbackKind.wrong, COMPLAINTS),
    ):
        rows = [Feedback(suggestion_id=found, kind=kind, document=document) for _ in range(count)]
        session.add_all(rows)
    session.flush()
    assert raise_due(session, now) == 5
    assert raise_due(session, now + HOUR) == 0
    tasks = {task.document: task for task in session.scalars(select(Task))}
    assert {name: task.reason for name, task in tasks.items()} == {
        "article:aged": "age",
        "article:old": "age",
        "article:used": "use",
        "article:blamed": "flags",
        "article:over": "expired",
    }
    assert tasks["article:aged"].owner == "eva"
    mark_reviewed(session, "aged", "eva", note="still right", review_by=now + 10 * HOUR)
    assert tasks["article:aged"].state == TaskState.done
    assert raise_due(session, now + 2 * HOUR) == 0
    assert raise_due(session, now + 11 * HOUR) == 1


def test_a_flag_that_nothing_followed_is_found(session: Session) -> None:
    save_article(session, article(), "eva")
    flag(session, FlagKind.unclear)
    assert raise_due(session) == 1
    assert raise_due(session) == 0
