"""Lists for editors, changes of many articles at once, drafts from gaps, what awaits a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth.rules import allow, require
from api.deps import App, ReadSession
from api.schemas.common import LANGUAGE, Name, SavedOut
from api.schemas.editor import (
    BulkIn,
    BulkItemOut,
    BulkOut,
    CommentOut,
    EditorLineOut,
    EditorListOut,
    HomeOut,
    SentBackOut,
    WaitingOut,
)
from api.schemas.life import TaskOut
from api.schemas.revisions import EditLineOut
from kb.actions.bulk import BulkAction, BulkItem, apply, preview, undo
from kb.actions.gap_draft import draft_from_gap
from kb.domain import (
    Article,
    ArticleState,
    Audience,
    Permission,
    Principal,
    Trust,
    in_scope,
)
from kb.errors import NotFound
from kb.queries.editor_lists import EditorFilters, EditorOrder, list_for_editors
from kb.queries.home import load_home
from kb.queries.paging import Paging

router = APIRouter(prefix="/api/v1", tags=["editors"])
Reader = Annotated[Principal, allow(Permission.read_drafts)]
Writer = Annotated[Principal, allow(Permission.write_articles)]
NEEDED = {
    BulkAction.audience: Permission.publish_articles,
    BulkAction.archive: Permission.archive_articles,
}
"""What a bulk change needs beside the permission to write."""


@router.get("/editor/articles", response_model=EditorListOut)
def get_editor_articles(
    session: ReadSession,
    reader: Reader,
    state: Annotated[list[ArticleState] | None, Query(max_length=4)] = None,
    language: Annotated[str | None, Query(pattern=LANGUAGE, max_length=35)] = None,
    owner: Annotated[Name | None, Query(description="`me` for one's own")] = None,
    unowned: bool = False,
    audience: Audience | None = None,
    trust: Trust | None = None,
    tag: Name | None = None,
    q: Annotated[str, Query(max_length=200, description="words of a title, or of the key")] = "",
    flagged: bool = False,
    due: Annotated[bool, Query(description="a review is due")] = False,
    unused: Annotated[bool, Query(description="published, never used")] = False,
    waiting: Annotated[bool, Query(description="a review is asked for")] = False,
    expired: Annotated[bool, Query(description="out of the answers by its date")] = False,
    unpublished: Annotated[bool, Query(description="a newer text waits")] = False,
    order: EditorOrder = EditorOrder.key,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> EditorListOut:
    """Articles in every state, by what is to be done about them."""
    filters = EditorFilters(
        states=None if state is None else frozenset(state),
        language=language,
        owner=reader.actor if owner == "me" else owner,
        unowned=unowned,
        audience=audience,
        trust=trust,
        tag=tag,
        text=q,
        flagged=flagged,
        due=due,
        unused=unused,
        waiting=waiting,
        expired=expired,
        unpublished=unpublished,
    )
    paging = Paging(offset, limit)
    page = list_for_editors(session, filters, order=order, scope=reader.scope, paging=paging)
    lines = [EditorLineOut.model_validate(x, from_attributes=True) for x in page.items]
    return EditorListOut(articles=lines, total=page.total, offset=offset, limit=limit)


@router.get("/editor/home", response_model=HomeOut)
def get_home(session: ReadSession, reader: Reader) -> HomeOut:
    """What awaits you: tasks, reviews, articles sent back, words to you, texts begun."""
    home = load_home(session, reader)
    kinds = ("tasks", "reviews", "sent_back", "mentions", "edits")
    return HomeOut(
        tasks=[TaskOut.model_validate(x, from_attributes=True) for x in home.tasks.items],
        reviews=[WaitingOut.model_validate(x, from_attributes=True) for x in home.reviews.items],
        sent_back=[
            SentBackOut.model_validate(x, from_attributes=True) for x in home.sent_back.items
        ],
        mentions=[CommentOut.model_validate(x, from_attributes=True) for x in home.mentions.items],
        edits=[EditLineOut.model_validate(x, from_attributes=True) for x in home.edits.items],
        counts={kind: getattr(home, kind).total for kind in kinds},
    )


@router.post("/editor/bulk/preview", response_model=BulkOut)
def post_bulk_preview(session: ReadSession, writer: Writer, given: BulkIn) -> BulkOut:
    """What a change of many articles would do; nothing is written."""
    check_bulk(writer, given.action)
    return _bulk(None, preview(session, given.to_input(), allowed_for(writer)))


@router.post("/editor/bulk", response_model=BulkOut)
def post_bulk(app: App, writer: Writer, given: BulkIn) -> BulkOut:
    """Change many articles at once; those that cannot be changed are told with the reason."""
    check_bulk(writer, given.action)
    done = app.change(
        lambda session: apply(session, given.to_input(), writer.actor, allowed_for(writer))
    )
    app.worker.wake()
    return _bulk(done.id, done.items)


@router.post("/editor/bulk/{bulk_id}/undo", response_model=BulkOut)
def post_bulk_undo(
    app: App,
    writer: Writer,
    bulk_id: Annotated[str, Path(pattern=r"^blk_[a-z0-9]{1,36}$", max_length=40)],
) -> BulkOut:
    """Put back what a bulk change changed, where nobody changed anything since."""

    def check(action: str) -> None:
        check_bulk(writer, BulkAction(action))

    done = app.change(
        lambda session: undo(session, bulk_id, writer.actor, allowed_for(writer), check)
    )
    app.worker.wake()
    return _bulk(done.id, done.items)


@router.post("/gaps/{gap_id}/draft", response_model=SavedOut, status_code=201)
def post_gap_draft(
    app: App, writer: Writer, gap_id: Annotated[int, Path(ge=1, le=2**31 - 1)]
) -> SavedOut:
    """A draft with the question as its title; the gap stays open until somebody closes it."""
    require(writer, Permission.read_gaps)
    saved = app.change(lambda session: draft_from_gap(session, gap_id, writer.actor))
    return SavedOut(id=saved.id, status=str(saved.status), version=saved.version)


def check_bulk(writer: Principal, action: BulkAction) -> None:
    """Raises Forbidden for a change that this one may not make."""
    if action in NEEDED:
        require(writer, NEEDED[action])


def allowed_for(writer: Principal) -> Callable[[Article], None]:
    """What is out of scope is as good as not there."""

    def check(row: Article) -> None:
        if not in_scope(row.facets, writer.scope):
            raise NotFound(f"There is no article {row.id[:120]!r}.")

    return check


def _bulk(bulk_id: str | None, items: tuple[BulkItem, ...]) -> BulkOut:
    found = [BulkItemOut.model_validate(item, from_attributes=True) for item in items]
    return BulkOut(id=bulk_id, items=found)
