"""Who knows about what a conversation is about: its subject is searched, then people are ranked."""

from __future__ import annotations

from kb.assist.dialog import read_dialog
from kb.assist.engine import Engine
from kb.assist.live import LiveState, ReaderView, load_state
from kb.db import session_factory
from kb.domain import Audience, Permission, Pool, Principal, utc_now
from kb.queries.experts import Expert, Subject, find_experts
from kb.search.types import SearchQuery

ARTICLES, CASES = 5, 10  # of the hits that make the subject


def experts_on(
    engine: Engine, interaction_id: str, by: Principal, limit: int = 5
) -> tuple[Expert, ...]:
    """Colleagues worth asking about an interaction, the best first (`find_experts`).

    The subject is what a search finds for the conversation as a suggestion reads it, also where
    nothing is sure enough to be suggested. Raises NotFound, also for what is out of scope,
    EncoderError, DatabaseError, SearchIndexError.
    """
    readers = session_factory(engine.database, read_only=True)
    with readers() as session:
        state = load_state(session, interaction_id, by.scope)
    subject = _subject(engine, state, by)
    if not subject.hits:
        return ()
    with readers() as session:
        return find_experts(session, subject, by, utc_now(), limit)


def _subject(engine: Engine, state: LiveState, by: Principal) -> Subject:
    with_cases = by.widest == Audience.internal and by.may(Permission.read_cases)
    reader = ReaderView(by.widest, by.scope, with_cases)
    reading = read_dialog(state.request(reader), engine.encoder, engine.settings)
    asked, facets = reading.query, state.row.facets
    if not asked.text:
        return Subject({}, asked.language, facets)
    pools = {Pool.article, Pool.case} if with_cases else {Pool.article}
    query = SearchQuery(
        text=asked.text,
        focus=asked.focus,
        language=asked.language,
        reader=by.widest,
        pools=frozenset(map(str, pools)),
        known=asked.known,
        pieces=asked.pieces,
        scope=by.scope,
        limit=max(ARTICLES, CASES),
    )
    pages = engine.searcher.search_apart(query, reading.vectors)
    most = {str(Pool.article): ARTICLES, str(Pool.case): CASES}
    hits = {
        f"{hit.pool}:{hit.document_id}": hit.confidence
        for pool, page in pages.items()
        for hit in page.hits[: most[pool]]
    }
    return Subject(hits, asked.language, facets)
