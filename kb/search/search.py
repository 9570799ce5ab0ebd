"""Search: the one way from a query to hits, for suggestions, plain search and evaluation alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from sqlalchemy.orm import Session, sessionmaker
from threadpoolctl import threadpool_limits

from kb.config import Settings
from kb.db import session_factory
from kb.domain import READABLE_BY, Audience, utc_now
from kb.errors import EncoderError
from kb.ports import Encoder, PassageFilter, Vectors
from kb.queries.passages import VisiblePassage, load_visible
from kb.queries.use import feedback_counts
from kb.search.expand import Asked, ask, mend
from kb.search.fuse import Weights, packaged_weights
from kb.search.hits import BLOCK, Standing, make_hits
from kb.search.index import Index
from kb.search.named import without_names
from kb.search.rank import Question, Ranked, allowed_pages, page_cosines, rank_part
from kb.search.segment import PageKey
from kb.search.types import SearchPage, SearchQuery
from kb.search.view import View, page_of

OPENING = 0.05  # cosine that the first passage is worth more: articles start with the answer
PREFERRED = {"resolution": 3, "body": 2, "problem": 2, "tried": 1, "title": 0}  # to be shown
MENDED_UP_TO = 12  # words of a query whose typing errors are looked after
SPARE = 10  # documents beyond the page, so that some may drop out at the gate


log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Chosen:
    """A document with the page that is shown and its best passage."""

    ranked: Ranked
    shown: PageKey
    passage_id: int


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
        """Hits, best first. `vectors` (2, dim), raw: of `query.text` and `query.focus`.

        Without vectors and without an encoder that answers, words alone are searched. Raises
        DatabaseError when SQL is away.
        """
        view = self.index.view()
        if not query.text.strip():
            return SearchPage((), 0, query.language, view.generation)
        if vectors is None:
            vectors = self._encode(query)
        question = self._question(query, view, vectors)
        vector = question.centred(view.means)
        ranked = self._documents(query, view, question, vector)
        blocks = -(-(query.offset + query.limit + SPARE) // BLOCK)
        chosen = _with_passages(view, ranked[: blocks * BLOCK], query, vector)
        with self._sessions() as session:
            visible, standing = _gate(session, chosen, query.reader)
        hits, passed = make_hits(
            [(c.ranked, c.passage_id) for c in chosen],
            visible,
            standing,
            query,
            question.asked,
            view.languages_of,
            self._weights,
        )
        return SearchPage(
            tuple(hits),
            len(ranked) - len(chosen) + passed,
            query.language,
            view.generation,
            question.asked.corrected,
        )

    def _encode(self, query: SearchQuery) -> Vectors | None:
        focus = query.focus or query.text
        values = [value for found in query.known.values() for value in found]
        if (stripped := without_names(focus, values)) and values:
            focus = stripped
        texts = [query.text] if focus == query.text else [query.text, focus]
        try:
            found = self._encoder.encode(texts, "query")
        except EncoderError as error:
            log.warning("searching_words_only", reason=error.message)
            return None
        return found if len(found) == 2 else np.repeat(found, 2, axis=0)

    def _question(self, query: SearchQuery, view: View, vectors: Vectors | None) -> Question:
        weights = self._weights
        text, focus = query.text, query.focus or query.text
        where = PassageFilter(
            pools=query.pools,
            languages=query.languages,
            audiences=frozenset(READABLE_BY[query.reader]),
            facets=tuple((key, frozenset(values)) for key, values in query.known.items()),
        )
        asked = ask(text, focus, query.language, view.synonyms, weights.context_word)
        asked = _mended(asked, query, view, where)
        share = weights.full_share_known if query.known else weights.full_share
        full, inner = (None, None) if vectors is None else (vectors[0], vectors[1])
        return Question(text, full, inner, share, query.language, asked, where)

    def _documents(
        self, query: SearchQuery, view: View, question: Question, vector: Vectors | None
    ) -> list[Ranked]:
        """The best page of each document, best first."""
        best: dict[tuple[str, str], Ranked] = {}
        for part in view.parts:
            for page in rank_part(part, question, vector, self._weights):
                document = page.key[:2]
                if document not in best or page.score > best[document].score:
                    best[document] = page
        return sorted(best.values(), key=lambda r: (-r.score, r.key))


def _mended(asked: Asked, query: SearchQuery, view: View, where: PassageFilter) -> Asked:
    readable = [(part.vocabulary, allowed_pages(part, where)) for part in view.parts]
    typed = ""
    is_short = len(asked.terms) <= MENDED_UP_TO  # in more words one typing error matters little
    if query.prefix and query.text[-1:].isalnum() and asked.terms:
        typed = next(reversed(ask(query.text, "", query.language, view.synonyms, 1).terms))
        typed = query.text.split()[-1].casefold() if len(typed) < 3 else typed
    return mend(asked, query.language, readable, typed) if query.prefix or is_short else asked


def _with_passages(
    view: View, ranked: Sequence[Ranked], query: SearchQuery, vector: Vectors | None
) -> list[_Chosen]:
    chosen = []
    for page in ranked:
        shown = _shown(view, page, query)
        passage = _best_passage(view, shown, vector)
        if passage is not None:
            chosen.append(_Chosen(page, shown, passage))
    return chosen


def _shown(view: View, page: Ranked, query: SearchQuery) -> PageKey:
    """The document in the reader's language where it exists and is wanted."""
    own = page.key._replace(language=query.language)
    wanted = query.languages is None or query.language in query.languages
    there = wanted and query.language in view.languages_of.get(page.key[:2], ())
    return own if there else page.key


def _best_passage(view: View, key: PageKey, vector: Vectors | None) -> int | None:
    """The passage to show: what solved a case, the nearest of an article; a title at worst."""
    best: tuple[int, float, int] | None = None
    for part in view.parts:
        page = page_of(part, key)
        if page is None:
            continue
        width = part.segment.vectors.shape[1]
        asked = np.zeros(width, np.float32) if vector is None else vector
        rows, cosines = page_cosines(part, page, asked)
        for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True):
            kind = part.segment.rows.parts[row]
            opens = kind == "body" and part.segment.rows.parts[max(0, row - 1)] == "title"
            found = (PREFERRED[kind], cosine + OPENING * opens, int(part.segment.rows.ids[row]))
            if best is None or found[:2] > best[:2]:
                best = found
    return best[2] if best else None


def _gate(
    session: Session, chosen: Sequence[_Chosen], reader: Audience
) -> tuple[dict[int, VisiblePassage], Standing]:
    """SQL decides what may leave, whatever the index says."""
    visible = load_visible(session, [c.passage_id for c in chosen], reader, utc_now())
    documents = [f"{p.pool}:{p.document_id}" for p in visible.values()]
    return visible, feedback_counts(session, documents)
