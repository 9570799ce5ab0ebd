"""Articles of other systems: sent as a file, with a dry run."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool

from api.auth.rules import allow, require
from api.deps import App
from api.importing import BATCH, NEEDED
from api.schemas.imports import ImportFormat, ImportOut
from api.state import Services
from indexer.load import ImportOptions
from indexer.load.received import limits_of
from kb.domain import ArticleState, Audience, Permission, Principal
from kb.errors import Forbidden, InvalidInput

router = APIRouter(prefix="/api/v1", tags=["imports"])
Publisher = Annotated[Principal, allow(Permission.publish_articles)]
MEGABYTE = 1_000_000
_BODY = {
    "requestBody": {
        "required": True,
        "description": "the file's bytes",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def asked(
    dry_run: Annotated[bool, Query(description="report, write nothing")] = False,
    format: Annotated[ImportFormat | None, Query(description="else by the suffix")] = None,
    body: Annotated[Literal["markdown", "html"], Query(description="texts of a table")] = (
        "markdown"
    ),
    language: Annotated[str | None, Query(max_length=35)] = None,
    audience: Annotated[Audience | None, Query()] = None,
    state: Annotated[ArticleState | None, Query()] = None,
    map: Annotated[list[str] | None, Query(max_length=40, description="FIELD=COLUMN")] = None,
) -> ImportOptions:
    """How to read the file, as it was asked for."""
    return ImportOptions(
        dry_run=dry_run,
        format=format,
        body_html=body == "html",
        mapping=_mapping(map or []),
        language=language,
        audience=audience,
        state=state,
    )


@router.post("/imports", response_model=ImportOut, openapi_extra=_BODY)
async def post_import(
    request: Request,
    app: App,
    publisher: Publisher,
    name: Annotated[str, Query(max_length=255, description="the file's name, with its suffix")],
    options: Annotated[ImportOptions, Depends(asked)],
) -> ImportOut:
    """Import articles from a file (the body is its bytes), as `potica content import` does.

    Markdown, HTML, DOCX, CSV, JSONL, the JSON of a Zendesk Help Center, or a ZIP of such files.
    Records that cannot be taken are listed and stop nothing; the same again changes nothing.
    What is imported is found as soon as the index has followed. Cases and other content come
    in through the command.
    """
    check_may_import(publisher)
    options = sent_by(publisher, app, options)
    with app.imports.place_for(name, options) as path:
        with path.open("wb") as file:
            async for piece in request.stream():
                await run_in_threadpool(file.write, piece)
        return ImportOut.of(await run_in_threadpool(app.imports.run, path, options))


def check_may_import(publisher: Principal) -> None:
    """Raises SignInNeeded, Forbidden."""
    for permission in sorted(NEEDED):
        require(publisher, permission)
    if publisher.scope:
        raise Forbidden("An import can touch every article: it takes an account without a scope.")


def sent_by(publisher: Principal, app: Services, options: ImportOptions) -> ImportOptions:
    """The options in the name of whoever sends the file, within the server's limits."""
    limits = limits_of(app.settings.import_megabytes * MEGABYTE)
    return replace(options, actor=publisher.actor, batch=BATCH, zip_limits=limits)


def _mapping(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(f"{pair[:80]!r} maps nothing: write FIELD=COLUMN.")
        found[name.strip()] = column.strip()
    return found
