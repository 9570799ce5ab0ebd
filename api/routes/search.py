"""Plain search, as one types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request

from api.auth.rules import allow, read_as, require
from api.deps import App
from api.edge.address import network_of
from api.schemas.common import LANGUAGE
from api.schemas.hits import answer_out
from api.schemas.search import CorrectedOut, SearchOut
from kb.actions.checks import check_language, check_text
from kb.config import Settings
from kb.domain import Audience, Facets, Permission, Pool, Principal
from kb.errors import InvalidInput
from kb.search.types import Hit, SearchPage, SearchQuery
from kb.text.language import detect

router = APIRouter(prefix="/api/v1", tags=["search"])

MAX_QUESTION = 1000  # characters
MAX_RANKED = 200  # hits looked through when a filter is applied to what was ranked
MAX_FILTERS = 20
_FACET = "facet."
_NAMES = frozenset(
    {"q", "language", "audience", "pool", "tags", "languages", "limit", "offset", "prefix"}
    | {"record"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is typed, for whom, and which part of what is found is wanted."""

    q: Annotated[str, Query(max_length=MAX_QUESTION, examples=["nie dostałem PINu"])]
    language: Annotated[
        str | None,
        Query(pattern=LANGUAGE, max_length=35, description="the reader's; left out: detected"),
    ] = None
    audience: Annotated[Audience, Query(description="who reads")] = Audience.public
    pool: Pool = Pool.article
    limit: Annotated[int, Query(ge=1, le=50)] = 10
    offset: Annotated[int, Query(ge=0, le=1000)] = 0
    prefix: Annotated[bool, Query(description="the last word is still being typed")] = True
    record: Annotated[
        bool, Query(description="false: nobody needs this, do not count it among the gaps")
    ] = True


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader wants to see only; empty means everything."""

    facets: Facets
    tags: frozenset[str]
    languages: frozenset[str]


def get_filters(
    request: Request,
    tags: Annotated[list[str] | None, Query(max_length=MAX_FILTERS)] = None,
    languages: Annotated[list[str] | None, Query(max_length=MAX_FILTERS)] = None,
) -> Filters:
    """Filters from the address: `facet.product=locker&tags=pin&languages=en,pl`.

    Raises InvalidInput for names that mean nothing here, so that a misspelt one is noticed.
    """
    facets: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name.startswith(_FACET) and len(name) > len(_FACET):
            facets.setdefault(name.removeprefix(_FACET), []).extend(_split([value], name))
        elif name not in _NAMES:
            raise InvalidInput(
                f"Search knows no {name[:60]!r}: use {', '.join(sorted(_NAMES))}"
                " or facet.<name>, as in facet.product=locker."
            )
    if len(facets) > MAX_FILTERS:
        raise InvalidInput(f"Filter by at most {MAX_FILTERS} facets.")
    wanted = frozenset(_split(languages or [], "languages"))
    for language in wanted:
        check_language(language)
    return Filters(facets, frozenset(_split(tags or [], "tags")), wanted)


@router.get("/search", response_model=SearchOut)
def get_search(
    app: App,
    reader: Annotated[Principal, allow(Permission.read_articles)],
    request: Request,
    asked: Annotated[Asked, Depends()],
    filters: Annotated[Filters, Depends(get_filters)],
) -> SearchOut:
    """Search articles, or with `pool=case` resolved cases (agents only).

    Typos, missing diacritics, synonyms and unfinished words are understood. Facets narrow the
    field: what has no such facet stays. Tags and languages leave only what has them. What is
    searched for among all articles and not found is counted as a gap, without what is personal.
    """
    check_text(asked.q, "q")
    if asked.pool == Pool.case:
        require(reader, Permission.read_cases)
        asked = replace(asked, audience=Audience.internal)
    query = _query(app.settings, reader, asked, filters)
    page = _search(app, query, filters.tags)
    narrowed = asked.pool != Pool.article or asked.offset or filters.tags or filters.languages
    if asked.record and not narrowed:
        app.searches.note(_caller(request, reader), query, page.hits)
    return SearchOut(
        hits=[answer_out(hit, app.settings.resolved_public_url) for hit in page.hits],
        total=page.total,
        offset=asked.offset,
        limit=asked.limit,
        language=page.language,
        corrected=[CorrectedOut(typed=typed, searched=word) for typed, word in page.corrected],
        generation=page.generation,
        next=_next(request, page.total, asked.offset, asked.limit),
    )


def _query(settings: Settings, reader: Principal, asked: Asked, filters: Filters) -> SearchQuery:
    spoken = settings.languages, settings.default_language
    return SearchQuery(
        text=asked.q,
        language=asked.language or detect(asked.q, *spoken).language,
        focus=asked.q,
        reader=read_as(reader, asked.audience),
        pools=frozenset({str(asked.pool)}),
        languages=filters.languages or None,
        known=filters.facets,
        limit=asked.limit,
        offset=asked.offset,
        prefix=asked.prefix,
        scope=reader.scope,
        counted=True,
    )


def _search(app: App, query: SearchQuery, tags: frozenset[str]) -> SearchPage:
    if not query.text.strip():
        return SearchPage((), 0, query.language, app.engine.searcher.generation)
    if not tags:
        return app.engine.search(query)
    page = app.engine.search(replace(query, limit=MAX_RANKED, offset=0))
    hits = [hit for hit in page.hits if _has(hit, tags)]
    return replace(page, hits=_cut(hits, query), total=len(hits))


def _caller(request: Request, reader: Principal) -> str:
    """Who types, so that what is typed on is one search."""
    name = reader.user_id or reader.credential_id or reader.actor
    return f"{reader.kind}:{name}:{network_of(request)}"


def _has(hit: Hit, tags: frozenset[str]) -> bool:
    return tags <= set(hit.tags)


def _cut(hits: Sequence[Hit], query: SearchQuery) -> tuple[Hit, ...]:
    return tuple(hits[query.offset : query.offset + query.limit])


def _next(request: Request, total: int, offset: int, limit: int) -> str | None:
    if offset + limit >= min(total, 1000):
        return None
    kept = [item for item in request.query_params.multi_items() if item[0] != "offset"]
    return f"{request.url.path}?{urlencode([*kept, ('offset', str(offset + limit))])}"


def _split(values: Sequence[str], name: str) -> list[str]:
    found = [part.strip() for value in values for part in value.split(",") if part.strip()]
    if len(found) > MAX_FILTERS or any(len(part) > 120 for part in found):
        raise InvalidInput(
            f"{name[:60]} takes at most {MAX_FILTERS} values of at most 120 characters."
        )
    for part in found:
        check_text(part, name)
    return found
