"""Retention of what authors leave behind; and people are named by their ids alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, inspect, select, text, update
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import col

from kb.actions.articles import archive, publish, save_article
from kb.actions.attachments import keep_image
from kb.actions.bulk import BulkAction, BulkInput, apply
from kb.actions.comments import CommentInput, add_comment, resolve_comment
from kb.actions.edits import EditInput, keep_edit
from kb.actions.gaps import close_gap
from kb.actions.reviews import approve, submit
from kb.actions.searches import UnansweredSearch, record_search
from kb.actions.tasks import NewTask, close_task, open_task
from kb.config import Settings
from kb.domain import (
    Attachment,
    AttachmentGiver,
    Audience,
    AuditEntry,
    Comment,
    Edit,
    Gap,
    Mention,
    Task,
    TaskKind,
    User,
    UserState,
    utc_now,
)
from kb.privacy.retain import RetainReport, retain
from tests.kb.builders import article
from tests.kb.images.pictures import picture

NOW = utc_now()


def _ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def _run(engine: Engine, dry_run: bool = False, **days: int) -> RetainReport:
    given: dict[str, Any] = {
        f"retention_{kind}": days.get(kind, 0) for kind in RetainReport.__slots__
    }
    settings = Settings(_env_file=None, **given)
    return retain(settings, engine, now=NOW, dry_run=dry_run)


def _backdate(session: Session, table: type[Any], key: int, **at: datetime) -> None:
    session.execute(update(table).where(col(table.id) == key).values(**at))


def test_texts_begun_and_left_go(engine: Engine, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for key in ("left", "young"):
            keep_edit(session, EditInput(key, "en", "Something"), "usr_eva")
        for row in session.scalars(select(Edit)):
            _backdate(session, Edit, row.id or 0, updated_at=_ago(181 if row.id == 1 else 179))
    assert _run(engine, dry_run=True, edits=180) == RetainReport(edits=1)
    assert _run(engine, edits=180) == RetainReport(edits=1)
    assert _run(engine, edits=180) == RetainReport()
    with sessions() as session:
        assert session.scalars(select(col(Edit.article_id))).all() == ["young"]


def test_pictures_that_no_text_shows_go(engine: Engine, sessions: sessionmaker[Session]) -> None:
    pictures = {n: picture(colour=(n, 9, 9)) for n in range(5)}
    with sessions.begin() as session:
        keys = [keep_image(session, data, "a.png", "usr_eva") for data in pictures.values()]
        session.execute(update(Attachment).values(created_at=_ago(31)))
        shown, typed, again, left, young = keys
        save_article(session, article("a", {"en": f"![x](/images/{shown})"}), "usr_eva")
        save_article(session, article("a", {"en": "Not any more."}), "usr_eva")
        keep_edit(session, EditInput("b", "en", "T", body=f"![x](/images/{typed})"), "usr_eva")
        assert keep_image(session, pictures[2], "b.png", "usr_jan") == again
        at = {"created_at": _ago(29)}
        session.execute(update(Attachment).where(col(Attachment.key) == young).values(**at))
    assert _run(engine, dry_run=True, images=30) == RetainReport(images=1)
    assert _run(engine, images=30) == RetainReport(images=1)
    assert _run(engine, images=30) == RetainReport()
    with sessions() as session:
        assert set(session.scalars(select(col(Attachment.key)))) == {shown, typed, again, young}
        assert left not in session.scalars(select(col(AttachmentGiver.attachment_key))).all()
        [entry] = session.scalars(select(AuditEntry).where(col(AuditEntry.action) == "retain"))
        assert entry.details == {"images": 1}


def test_searches_that_nobody_repeats_go(engine: Engine, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for words in ("gift voucher", "parking place", "helicopter"):
            search = UnansweredSearch(words, "en", Audience.public, "not_sure")
            key = record_search(session, search)
            assert key is not None
            if words != "parking place":
                _backdate(session, Gap, key, last_at=_ago(40))
            if words == "helicopter":
                close_gap(session, key, actor="eva")
    assert _run(engine, searches=30) == RetainReport(searches=1)
    assert _run(engine, gaps=30) == RetainReport(gaps=1)
    with sessions() as session:
        assert session.scalars(select(col(Gap.question))).all() == ["parking place"]


def test_tasks_lose_their_words_and_do_not_arise_again(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    def new(key: str) -> NewTask:
        return NewTask(TaskKind.review_due, "article:a", key, "age", owner="usr_jan")

    with sessions.begin() as session:
        for key in ("old", "young", "open"):
            open_task(session, new(key), "usr_eva")
        for task in session.scalars(select(Task).order_by(col(Task.id))).all()[:2]:
            close_task(session, task.id or 0, "usr_eva", note="it stands")
        _backdate(session, Task, 1, closed_at=_ago(31))
    assert _run(engine, tasks=30) == RetainReport(tasks=1)
    assert _run(engine, tasks=30) == RetainReport()
    with sessions.begin() as session:
        assert not open_task(session, new("old"), "usr_eva")
        rows = session.scalars(select(Task).order_by(col(Task.id)))
        assert [(row.note, row.owner, row.closed_by) for row in rows] == [
            ("", None, None),
            ("it stands", "usr_jan", "usr_eva"),
            ("", "usr_jan", None),
        ]


def test_resolved_comments_go_with_their_answers(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        save_article(session, article("a"), "e")
        session.add(User(id="usr_jan", email="jan@lipa.example", name="Jan",
                         state=UserState.active))  # fmt: skip
        session.flush()
        keys: dict[str, int] = {}

        def say(name: str, under: str | None = None) -> None:
            parent = None if under is None else keys[under]
            given = CommentInput(name, parent_id=parent, mentions=["usr_jan"])
            keys[name] = add_comment(session, "a", given, "usr_eva")
            _backdate(session, Comment, keys[name], created_at=_ago(50))

        for root in ("over", "answered since", "open", "over lately"):
            say(root)
            say(f"{root}, answer", root)
        say("over, answer to the answer", "over, answer")
        for root in ("over", "answered since", "over lately"):
            resolve_comment(session, keys[root], "usr_eva")
        for root in ("over", "answered since"):
            _backdate(session, Comment, keys[root], resolved_at=_ago(40))
        _backdate(session, Comment, keys["answered since, answer"], created_at=_ago(3))
    assert _run(engine, comments=30) == RetainReport(comments=3)
    assert _run(engine, comments=30) == RetainReport()
    with sessions() as session:
        left = session.scalars(select(col(Comment.text)).order_by(col(Comment.id))).all()
        assert left == [
            text for root in ("answered since", "open", "over lately")
            for text in (root, f"{root}, answer")
        ]  # fmt: skip
        assert len(session.scalars(select(col(Mention.id))).all()) == 6


def test_whoever_writes_is_named_by_the_id_of_the_account_alone(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    who, name, mail = "usr_zofia", "Zofia Qwfpgova", "zofia.qwfpg@lipa.example"
    with sessions.begin() as session:
        session.add(User(id=who, email=mail, name=name, state=UserState.active))
        session.flush()
        given = article("a", {"en": "About it."}, state=None, owner=who)
        save_article(session, given, who)
        submit(session, "a", who, asked_of=who, note="please")
        approve(session, "a", who)
        publish(session, "a", None, who)
        keep_edit(session, EditInput("a", "en", "Something", base_number=1), who)
        key = add_comment(session, "a", CommentInput("see", mentions=[who]), who)
        resolve_comment(session, key, who)
        new = NewTask(TaskKind.review_due, "article:a", "k", "age", owner=who)
        open_task(session, new, who)
        close_task(session, 1, who)
        apply(session, BulkInput(BulkAction.owner, ["a"], who), who, lambda _: None)
        archive(session, "a", who)
    held = _tables_with(engine, who)
    expected = {"article", "article_change", "comment", "edit", "mention", "review", "revision"}
    assert expected <= held
    assert _tables_with(engine, name) == _tables_with(engine, mail) == {"users"}


def _tables_with(engine: Engine, word: str) -> set[str]:
    with engine.connect() as connection:
        return {
            name
            for name in inspect(engine).get_table_names()
            if any(
                word in str(tuple(row))
                for row in connection.execute(text(f'SELECT * FROM "{name}"'))
            )
        }
