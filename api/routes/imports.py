"""Articles of other systems: sent as a file, with a dry run."""

from __future__ import annotations

import threading
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query

from api.auth.rules import allow, require
from api.deps import App
from api.schemas.imports import ImportFormat, ImportOut
from indexer.load import ImportOptions, Source, import_articles
from indexer.load.received import LIMITS, received
from kb.domain import ArticleState, Audience, Permission, Principal
from kb.errors import Busy, Forbidden, InvalidInput

router = APIRouter(prefix="/api/v1", tags=["imports"])
Publisher = Annotated[Principal, allow(Permission.publish_articles)]
ALL_NEEDED = (Permission.write_articles, Permission.review_articles, Permission.archive_articles)
"""Besides publishing: a file may hold texts, trust, and what is put away."""
BATCH = 20  # articles in one transaction: others write meanwhile

_one_at_a_time = threading.Lock()


@router.post("/imports", response_model=ImportOut)
def post_import(
    app: App,
    publisher: Publisher,
    name: Annotated[str, Query(max_length=255, description="the file's name, with its suffix")],
    dry_run: Annotated[bool, Query(description="report, write nothing")] = False,
    format: Annotated[ImportFormat | None, Query(description="else by the suffix")] = None,
    body: Annotated[Literal["markdown", "html"], Query(description="texts of a table")] = (
        "markdown"
    ),
    language: Annotated[str | None, Query(max_length=35)] = None,
    audience: Annotated[Audience | None, Query()] = None,
    state: Annotated[ArticleState | None, Query()] = None,
    map: Annotated[list[str] | None, Query(max_length=40, description="FIELD=COLUMN")] = None,
    data: Annotated[bytes, Body(media_type="application/octet-stream")] = b"",
) -> ImportOut:
    """Import articles from a file (the body is its bytes), as `potica content import` does.

    Markdown, HTML, DOCX, CSV, JSONL, the JSON of a Zendesk Help Center, or a ZIP of such files.
    Records that cannot be taken are listed and stop nothing; the same again changes nothing.
    What is imported is found as soon as the index has followed. Cases and other content come
    in through the command.
    """
    for permission in ALL_NEEDED:
        require(publisher, permission)
    if publisher.scope:
        raise Forbidden("An import can touch every article: it takes an account without a scope.")
    options = ImportOptions(
        dry_run=dry_run,
        format=format,
        body_html=body == "html",
        mapping=_mapping(map or []),
        language=language,
        audience=audience,
        state=state,
        actor=publisher.actor,
        batch=BATCH,
        zip_limits=LIMITS,
    )
    if not _one_at_a_time.acquire(blocking=False):
        raise Busy("Another import is running: try again when it is done.")
    try:
        with received(data, name, options) as (source, left_out):
            report = import_articles(app.engine.session_factory, source, options)
    finally:
        _one_at_a_time.release()
    for path in left_out:
        report.note(Source(path), "The file was not taken: it is of another kind.")
    app.worker.wake()
    return ImportOut.of(report)


def _mapping(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(f"{pair[:80]!r} maps nothing: write FIELD=COLUMN.")
        found[name.strip()] = column.strip()
    return found
