"""Search: the one way from a query to hits, for suggestions, plain search and evaluation alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import structlog
from sqlalchemy.orm import Session, sessionmaker
from threadpoolctl import threadpool_limits

from kb.config import Settings
from kb.db import session_factory
from kb.domain import READABLE_BY, in_scope, utc_now
from kb.encoders.once import encode_once
from kb.errors import EncoderError
from kb.ports import Encoder, PassageFilter, Vectors
from kb.queries.passages import load_visible, visible_documents
from kb.queries.use import feedback_counts
from kb.search.expand import Asked, ask, mend
from kb.search.fuse import Weights, packaged_weights
from kb.search.hits import BLOCK, Standing, Visible, make_hits
from kb.search.index import Index
from kb.search.named import without_names
from kb.search.pieces import agreement
from kb.search.rank import (
    Candidates,
    Question,
    Ranked,
    allowed_pages,
    mixed_vector,
    rank_part,
)
from kb.search.segment import PageKey
from kb.search.types import SearchPage, SearchQuery
from kb.search.view import View, page_of
from kb.text.terms import terms

MENDED_UP_TO = 12  # words of a query whose typing errors are looked after
SPARE = 10  # documents beyond the page, so that some may drop out at the gate


log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Chosen:
    """A document with its best passage to show."""

    ranked: Ranked
    passage_id: int


@dataclass(frozen=True)
class _Found:
    """What one query may show, before SQL has its say; `total` counts all that were ranked."""

    query: SearchQuery
    asked: Asked
    chosen: list[_Chosen]
    total: int


class Searcher:
    """Ranks what SQL and the index hold. Safe to share by threads."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        encoder: Encoder,
        settings: Settings,
        weights: Weights | None = None,
    ) -> None:
        self._sessions = session_factory(sessions.kw["bind"], read_only=True)
        self._encoder = encoder
        self._weights = weights or packaged_weights()
        # One query's products are too small to share: waiting threads take the encoder's core.
        threadpool_limits(1, user_api="blas")
        self.index = Index(sessions, settings.index_dir, encoder.model_id, encoder.dim)

    @property
    def generation(self) -> str:
        """The snapshot in use."""
        return self.index.generation

    def ready(self) -> bool:
        """Whether the index has been opened."""
        return self.index.is_open

    def refresh(self) -> None:
        """Take in what SQL has now; opens the index when it was not open."""
        self.index.view()

    def search(self, query: SearchQuery, vectors: Vectors | None = None) -> SearchPage:
        """Hits, best first. `vectors` (2 + p, dim), raw: of `query.text`, `query.focus` and the p
        `query.pieces`.

        Without vectors and without an encoder that answers, words alone are searched. Raises
        DatabaseError when SQL is away.
        """
        return self._search([query], vectors)[0]

    def search_apart(
        self, query: SearchQuery, vectors: Vectors | None = None
    ) -> dict[str, SearchPage]:
        """A page of hits for each of `query.pools`: their scores are no common measure.

        SQL and the words of the query are looked at once for all; see `search`.
        """
        pools = sorted(query.pools)
        queries = [replace(query, pools=frozenset({pool})) for pool in pools]
        return dict(zip(pools, self._search(queries, vectors), strict=True))

    def _search(self, queries: Sequence[SearchQuery], vectors: Vectors | None) -> list[SearchPage]:
        """Pages of queries that differ in their pools only.

        One transaction, so that index and gate see the same SQL; what is changed meanwhile counts
        for the next search.
        """
        query = queries[0]
        has_text = any(map(str.isalnum, query.text))  # signs and emoji alone ask for nothing
        if vectors is None and has_text:
            vectors = self._encode(query)
        with self._sessions() as session:
            view = self.index.seen_by(session)
            if not has_text:
                return [SearchPage((), 0, query.language, view.generation) for _ in queries]
            question = self._question(query, view, vectors)
            found = [self._found(session, query, view, question) for query in queries]
            chosen = [chosen for one in found for chosen in one.chosen]
            visible, standing = _gate(session, chosen, query)
        return [self._page(one, view, visible, standing) for one in found]

    def _page(self, found: _Found, view: View, visible: Visible, standing: Standing) -> SearchPage:
        hits, passed = make_hits(
            [(c.ranked, c.passage_id) for c in found.chosen],
            visible,
            standing,
            found.query,
            found.asked,
            view.languages_of,
            self._weights,
        )
        return SearchPage(
            tuple(hits),
            found.total - len(found.chosen) + passed,
            found.query.language,
            view.generation,
            found.asked.corrected,
        )

    def _encode(self, query: SearchQuery) -> Vectors | None:
        focus = query.focus or query.text
        values = [value for found in query.known.values() for value in found]
        if (stripped := without_names(focus, values)) and values:
            focus = stripped
        try:
            return encode_once([query.text, focus, *query.pieces], self._encoder)
        except EncoderError as error:
            log.warning("searching_words_only", reason=error.message)
            return None

    def _question(self, query: SearchQuery, view: View, vectors: Vectors | None) -> Question:
        weights = self._weights
        asked = ask(
            query.text,
            query.focus or query.text,
            query.language,
            view.synonyms,
            weights.context_word,
        )
        share = weights.full_share_known if query.known else weights.full_share
        vector = mixed_vector(vectors, share, query.language, view.means)
        pieces = self._pieces(query, view, vectors)
        return Question(query.text, query.language, asked, vector, pieces)

    def _pieces(
        self, query: SearchQuery, view: View, vectors: Vectors | None
    ) -> tuple[Question, ...]:
        found = []
        for number, piece in enumerate(query.pieces, 2):
            own = vectors[[number, number]] if vectors is not None else None
            asked = ask(piece, piece, query.language, view.synonyms, self._weights.context_word)
            vector = mixed_vector(own, 1.0, query.language, view.means)
            found.append(Question(piece, query.language, asked, vector))
        return tuple(found)

    def _found(
        self, session: Session, query: SearchQuery, view: View, question: Question
    ) -> _Found:
        narrowed = [*query.known.items(), *query.scope.items()]
        where = PassageFilter(
            pools=query.pools,
            languages=query.languages,
            audiences=frozenset(READABLE_BY[query.reader]),
            facets=tuple((key, frozenset(values)) for key, values in narrowed),
        )
        asked = _mended(question.asked, query, view, where)
        if asked != question.asked:
            question = replace(question, asked=asked)
        documents = self._documents(view, question, where)
        if query.counted:
            documents = _seen(session, documents, query)
        blocks = -(-(query.offset + query.limit + SPARE) // BLOCK)
        chosen = [
            _Chosen(page, passage)
            for page in (found.at(place) for found, place in documents[: blocks * BLOCK])
            if (passage := _best_passage(view, _shown(view, page, query), question))
        ]
        return _Found(query, asked, chosen, len(documents))

    def _documents(
        self, view: View, question: Question, where: PassageFilter
    ) -> list[tuple[Candidates, int]]:
        """The best page of each document, best first, as its place among a part's candidates."""
        best: dict[tuple[str, str], tuple[float, PageKey, Candidates, int]] = {}
        weights = self._weights.of(where.pools or ())
        agreed = agreement(view.parts, question.pieces, where, weights)
        for part in view.parts:
            found = rank_part(part, question, where, weights)
            if found is None:
                continue
            if agreed:
                found = found.agreed(agreed, weights.pieces)
            scores = found.scores.tolist()
            for place, (key, score) in enumerate(zip(found.keys(), scores, strict=True)):
                document = key[:2]
                if document not in best or score > best[document][0]:
                    best[document] = (score, key, found, place)
        ordered = sorted(best.values(), key=lambda b: (-b[0], b[1]))
        return [(found, place) for _, _, found, place in ordered]


def _mended(asked: Asked, query: SearchQuery, view: View, where: PassageFilter) -> Asked:
    is_short = len(asked.terms) <= MENDED_UP_TO  # in more words one typing error matters little
    if not query.prefix and not is_short:
        return asked
    typed = ""
    if query.prefix and query.text[-1:].isalnum() and asked.terms:
        typed = terms(query.text, query.language)[-1]
        typed = query.text.split()[-1].casefold() if len(typed) < 3 else typed
    readable = [(part.vocabulary, allowed_pages(part, where)) for part in view.parts]
    return mend(asked, query.language, readable, typed)


def _shown(view: View, page: Ranked, query: SearchQuery) -> PageKey:
    """The document in the reader's language where it exists and is wanted."""
    own = page.key._replace(language=query.language)
    wanted = query.languages is None or query.language in query.languages
    there = wanted and query.language in view.languages_of.get(page.key[:2], ())
    return own if there else page.key


def _best_passage(view: View, key: PageKey, question: Question) -> int | None:
    """The passage to show: what solved a case, the nearest of an article; a title at worst."""
    best, shown = -np.inf, None
    for part in view.parts:
        page = page_of(part, key)
        if page is None:
            continue
        segment, span = part.segment, part.segment.rows_of(page)
        worth = segment.to_show[span] + question.cosines(part, span)
        worth = np.where(part.hidden_rows[span], -np.inf, worth)
        place = int(worth.argmax())
        if worth[place] > best:
            best, shown = worth[place], int(segment.rows.ids[span.start + place])
    return shown


def _seen(
    session: Session, documents: list[tuple[Candidates, int]], query: SearchQuery
) -> list[tuple[Candidates, int]]:
    """Those of the ranked documents that the reader may see."""
    keys = [found.key(place)[:2] for found, place in documents]
    seen = visible_documents(session, keys, query.reader, query.scope, utc_now())
    return [document for document, key in zip(documents, keys, strict=True) if key in seen]


def _gate(
    session: Session, chosen: Sequence[_Chosen], query: SearchQuery
) -> tuple[Visible, Standing]:
    """SQL decides what may leave, whatever the index says."""
    ids = [c.passage_id for c in chosen]
    visible = load_visible(session, ids, query.reader, utc_now())
    if query.scope:
        visible = {i: p for i, p in visible.items() if in_scope(p.facets, query.scope)}
    documents = {f"{p.pool}:{p.document_id}" for p in visible.values()}
    return visible, feedback_counts(session, documents)
