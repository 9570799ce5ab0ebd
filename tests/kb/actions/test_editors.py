"""Lists for editors, bulk changes, comments, what awaits a person, drafts from gaps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from kb.actions.articles import archive, save_article
from kb.actions.bulk import BulkAction, BulkInput, apply, preview, undo
from kb.actions.comments import CommentInput, add_comment, resolve_comment, see_mentions
from kb.actions.edits import EditInput, keep_edit
from kb.actions.gap_draft import draft_from_gap
from kb.actions.gaps import record_gap
from kb.actions.reviews import ask_changes, submit
from kb.actions.tasks import NewTask, follow_flag, open_task
from kb.domain import (
    EVERYTHING,
    Article,
    ArticleState,
    Audience,
    Feedback,
    FeedbackKind,
    Flag,
    FlagKind,
    Principal,
    PrincipalKind,
    TaskKind,
    User,
    UserState,
    utc_now,
)
from kb.errors import Conflict, Forbidden, InvalidInput, NotFound
from kb.queries.articles import get_article_view, load_article
from kb.queries.editor_lists import EditorFilters, EditorOrder, list_for_editors
from kb.queries.home import list_comments, load_home
from kb.queries.paging import Paging
from tests.kb.builders import article, audited, suggestion

EVA = Principal(PrincipalKind.session, "usr_eva", EVERYTHING, user_id="usr_eva")


def anything(_row: Article) -> None:
    """Everybody may change everything."""


def person(session: Session, user_id: str = "usr_eva") -> None:
    row = User(id=user_id, email=f"{user_id}@lipa.example", name="Eva", state=UserState.active)
    session.add(row)
    session.flush()


def keys(session: Session, order: EditorOrder = EditorOrder.key, **filters: object) -> list[str]:
    found = list_for_editors(session, EditorFilters(**filters), order=order)  # type: ignore[arg-type]
    assert found.total == len(found.items)
    return [line.id for line in found.items]


@pytest.fixture
def shelf(session: Session) -> Session:
    """Articles in every state."""
    now = utc_now()
    save_article(session, article("a", owner="usr_eva", tags=["t"]), "usr_eva")
    save_article(session, article("b", {"sl": "Škatla", "en": "Box"}), "usr_eva")
    save_article(session, article("b", {"sl": "Nova škatla"}, state=None), "usr_eva")
    save_article(session, article("c", state=None), "usr_eva")
    save_article(session, article("d", valid_until=now - timedelta(hours=1)), "usr_eva")
    save_article(session, article("e", review_by=now - timedelta(hours=1)), "usr_eva")
    archive(session, "c", "usr_eva")
    save_article(session, article("f", state=None, facets={"product": ["home"]}), "usr_eva")
    submit(session, "f", "usr_eva")
    found = suggestion(session)
    for document, times in (("article:a", 1), ("article:e", 3)):
        for _ in range(times):
            row = Feedback(suggestion_id=found, kind=FeedbackKind.used, document=document)
            session.add(row)
    flag = Flag(id="flg_1", document="article:b", language="sl", kind=FlagKind.stale, actor="x")
    session.add(flag)
    session.flush()
    follow_flag(session, flag, "x")
    return session


def test_articles_are_listed_by_what_is_to_be_done(shelf: Session) -> None:
    assert keys(shelf) == ["a", "b", "c", "d", "e", "f"]
    assert keys(shelf, states=frozenset({ArticleState.archived})) == ["c"]
    assert keys(shelf, owner="usr_eva") == ["a"]
    assert keys(shelf, unowned=True) == ["b", "c", "d", "e", "f"]
    assert keys(shelf, language="sl") == ["b"]
    assert keys(shelf, tag="t") == ["a"]
    assert keys(shelf, flagged=True) == ["b"]
    assert keys(shelf, due=True) == ["e"]
    assert keys(shelf, unused=True) == ["b", "d"]
    assert keys(shelf, waiting=True) == ["f"]
    assert keys(shelf, expired=True) == ["d"]
    assert keys(shelf, unpublished=True) == ["b"]
    assert keys(shelf, text="TITLE SL") == ["b"]
    assert keys(shelf, EditorOrder.most_used)[:2] == ["e", "a"]
    assert keys(shelf, EditorOrder.due)[0] == "e"


def test_a_line_tells_all_and_pages_are_cut(shelf: Session) -> None:
    page = list_for_editors(shelf, paging=Paging(1, 1))
    [line] = page.items
    assert (page.total, line.id, line.flags, line.languages) == (6, "b", 1, ("sl", "en"))
    scoped = list_for_editors(shelf, scope={"product": ["locker"]})
    assert [x.id for x in scoped.items] == ["a", "b", "c", "d", "e"]


def test_a_bulk_change_is_looked_at_done_and_undone(shelf: Session) -> None:
    def given(*ids: str) -> BulkInput:
        return BulkInput(BulkAction.archive, ids, note="the season is over")

    before = len(audited(shelf))
    looked = preview(shelf, given("a", "c", "nope"), anything)
    assert [(x.id, x.before, x.after, x.changes) for x in looked] == [
        ("a", "published", "archived", True),
        ("c", "archived", "archived", False),
        ("nope", "", "", False),
    ]
    assert len(audited(shelf)) == before
    done = apply(shelf, given("a", "e", "c", "nope"), "usr_eva", anything)
    assert done.id is not None
    assert load_article(shelf, "a").state == ArticleState.archived
    save_article(shelf, article("e", {"en": "Other"}, state=None), "usr_jan")
    back = undo(shelf, done.id, "usr_eva", anything)
    assert get_article_view(shelf, "a", Audience.public).translations
    assert [item.problem is None for item in back.items] == [True, False]
    assert load_article(shelf, "e").state == ArticleState.archived
    with pytest.raises(Conflict, match="already"):
        undo(shelf, done.id, "usr_eva", anything)


@pytest.mark.parametrize(
    ("action", "value", "name", "wanted"),
    [
        (BulkAction.owner, "usr_jan", "owner", "usr_jan"),
        (BulkAction.owner, "", "owner", None),
        (BulkAction.add_tag, "new", "tags", ("t", "new")),
        (BulkAction.remove_tag, "t", "tags", ()),
        (BulkAction.audience, "internal", "audience", Audience.internal),
    ],
)
def test_each_bulk_change_can_be_undone(
    shelf: Session, action: BulkAction, value: str, name: str, wanted: object
) -> None:
    before = getattr(load_article(shelf, "a"), name)
    done = apply(shelf, BulkInput(action, ["a"], value), "usr_eva", anything)
    shelf.expire_all()
    assert getattr(load_article(shelf, "a"), name) == wanted
    assert done.id is not None
    undo(shelf, done.id, "usr_eva", anything)
    shelf.expire_all()
    assert getattr(load_article(shelf, "a"), name) == before


def test_a_bulk_change_keeps_to_what_one_may(shelf: Session) -> None:
    def nothing(_row: Article) -> None:
        raise Forbidden("This is not yours to change.")

    done = apply(shelf, BulkInput(BulkAction.archive, ["a"]), "usr_jan", nothing)
    assert (done.id, done.items[0].problem) == (None, "This is not yours to change.")
    for wrong in (
        BulkInput(BulkAction.audience, ["a"], "all"),
        BulkInput(BulkAction.add_tag, ["a"]),
        BulkInput(BulkAction.archive, []),
    ):
        with pytest.raises(InvalidInput):
            apply(shelf, wrong, "usr_eva", anything)
    with pytest.raises(NotFound):
        undo(shelf, "blk_0", "usr_eva", anything)


def test_what_awaits_a_person(shelf: Session) -> None:
    person(shelf)
    save_article(shelf, article("g", state=None), "usr_eva")
    submit(shelf, "g", "usr_eva")
    ask_changes(shelf, "g", "usr_jan", note="say which form")
    save_article(shelf, article("h", state=None), "usr_jan")
    submit(shelf, "h", "usr_jan", asked_of="usr_eva")
    open_task(shelf, NewTask(TaskKind.review_due, "article:a", "k", "age", "usr_eva"), "system")
    keep_edit(shelf, EditInput("new-one", "en", body="begun"), "usr_eva")
    said = add_comment(shelf, "a", CommentInput("look", mentions=["usr_eva"]), "usr_jan")
    home = load_home(shelf, EVA)
    assert [task.document for task in home.tasks.items] == ["article:a"]
    assert [(x.article_id, x.is_mine) for x in home.reviews.items] == [("h", True)]
    assert [(x.article_id, x.note) for x in home.sent_back.items] == [("g", "say which form")]
    assert [x.text for x in home.mentions.items] == ["look"]
    assert [x.article_id for x in home.edits.items] == ["new-one"]
    see_mentions(shelf, "usr_eva", [said])
    submit(shelf, "g", "usr_eva")
    home = load_home(shelf, EVA)
    assert (home.mentions.total, home.sent_back.total) == (0, 0)


def test_comments_are_answered_and_resolved(shelf: Session) -> None:
    person(shelf)
    first = add_comment(shelf, "a", CommentInput("why?", quote="right postcode"), "usr_jan")
    add_comment(shelf, "a", CommentInput("because", parent_id=first), "usr_eva")
    resolve_comment(shelf, first, "usr_jan")
    assert [x.text for x in list_comments(shelf, "a", resolved=False).items] == ["because"]
    assert list_comments(shelf, "a").items[0].resolved_by == "usr_jan"
    with pytest.raises(NotFound):
        add_comment(shelf, "b", CommentInput("?", parent_id=first), "usr_eva")
    with pytest.raises(InvalidInput, match="Nobody"):
        add_comment(shelf, "a", CommentInput("?", mentions=["usr_never"]), "usr_eva")
    with pytest.raises(NotFound):
        resolve_comment(shelf, 999, "usr_eva")


def test_a_gap_becomes_a_draft(session: Session) -> None:
    found = suggestion(session)
    gap = record_gap(session, "Kje je moj paket?", "sl", "nothing found", found)
    first, second = (draft_from_gap(session, gap, "usr_eva") for _ in range(2))
    view = load_article(session, first.id)
    assert (view.state, view.original_language) == (ArticleState.draft, "sl")
    assert view.translations[0].title == "Kje je moj paket?"
    assert first.id != second.id
    with pytest.raises(NotFound):
        draft_from_gap(session, 999, "usr_eva")
