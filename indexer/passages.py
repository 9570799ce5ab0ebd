"""The passages a document should have: what is searched, shown and embedded of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.chunk import Piece, chunk_markdown, chunk_text, shorten
from kb.domain import Audience, Facets, Part, Passage, Pool, Role
from kb.errors import InvalidInput, TextRefused
from kb.ports import Encoder, TextKind
from kb.queries.articles import ArticleView, TranslationView
from kb.queries.cases import CaseView
from kb.text.markdown import plain_text
from kb.text.terms import terms

PATH_SEPARATOR = " › "
PROBLEM_PIECES = 4  # of one case: what a customer says at length repeats itself
_MARKS = re.compile(r"[\[\]`*_<>|#&\\~]|^\s*([-+>]|\d{1,9}[.)])\s", re.MULTILINE)
_ASKS = frozenset({Part.title, Part.problem})


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all passages of one text share."""

    pool: Pool
    document_id: str
    revision_id: int | None
    language: str
    audience: Audience
    title: str
    title_terms: str
    facets: Facets


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a passage stands in its document."""

    part: Part
    ordinal: int
    start: int = 0
    end: int = 0
    heading: str = ""


def kind_of(part: Part) -> TextKind:
    """How the encoder sees this part: titles and problems are worded as questions are."""
    return "query" if part in _ASKS else "passage"


def text_hash(kind: TextKind, embedded_text: str) -> str:
    """SHA-256 of what the encoder sees, the key of its stored vector."""
    return hashlib.sha256(f"{kind}\0{embedded_text}".encode()).hexdigest()


def article_passages(article: ArticleView, encoder: Encoder) -> list[Passage]:
    """Title, keyword and body passages of each text of the article."""
    found: list[Passage] = []
    for text in article.translations:
        frame = _Frame(
            Pool.article,
            article.id,
            text.revision_id,
            text.language,
            article.audience,
            text.title,
            _terms(text.title, text.language),
            article.facets,
        )
        found += _titles(frame, text)
        found += _body(frame, text, encoder)
    return found


def case_passages(case: CaseView, encoder: Encoder) -> list[Passage]:
    """Subject, problem (the customer's words), what was tried, and the resolution."""
    frame = _Frame(
        Pool.case,
        case.id,
        None,
        case.language,
        Audience.internal,
        case.subject,
        _terms(case.subject, case.language),
        case.facets,
    )
    found: list[Passage] = []
    if case.subject.strip():
        # Where the agent noted nothing, what the agent said is all there is to be found by.
        noted = case.tried.strip() or case.resolution.strip()
        said = "" if noted else _turns(case, Role.agent)
        words = _terms(f"{case.subject}\n{said}", case.language)
        found.append(_passage(frame, _Place(Part.title, 0), case.subject, case.subject, words))
    problem = _turns(case, Role.customer)
    found += _problem(frame, problem, encoder)
    for part, text in ((Part.tried, case.tried), (Part.resolution, case.resolution)):
        found += _notes(frame, part, text, encoder)
    return found


def _titles(frame: _Frame, text: TranslationView) -> list[Passage]:
    found_by = "\n".join((text.title, text.summary, *text.keywords))
    passages = []
    for ordinal, phrase in enumerate((text.title, *text.keywords)):
        words = _terms(phrase if ordinal else found_by, frame.language)
        passages.append(_passage(frame, _Place(Part.title, ordinal), phrase, phrase, words))
    return passages


def _body(frame: _Frame, text: TranslationView, encoder: Encoder) -> list[Passage]:
    # Headings get what a title may get at most, so that pieces need no second look.
    share = encoder.max_tokens // 6
    title = shorten(text.title, share, encoder)
    pieces = chunk_markdown(text.body, text.language, encoder, taken=2 * share)
    passages = []
    for ordinal, piece in enumerate(pieces):
        heading = PATH_SEPARATOR.join(" ".join(_plain(h).split()) for h in piece.headings)
        said = text.body[piece.start : piece.end]
        plain = _plain(said)
        embedded = _joined(title, shorten(heading, share, encoder), plain)
        words = _terms(f"{heading}\n{plain}", text.language)
        place = _Place(Part.body, ordinal, piece.start, piece.end, heading)
        passages.append(_passage(frame, place, said, embedded, words))
    return passages


def _problem(frame: _Frame, problem: str, encoder: Encoder) -> list[Passage]:
    pieces = chunk_text(problem, frame.language, encoder)[:PROBLEM_PIECES]
    return [
        _plain_passage(frame, Part.problem, ordinal, problem, piece)
        for ordinal, piece in enumerate(pieces)
    ]


def _notes(frame: _Frame, part: Part, text: str, encoder: Encoder) -> list[Passage]:
    share = encoder.max_tokens // 4
    subject = shorten(frame.title, share, encoder)
    return [
        _plain_passage(frame, part, ordinal, text, piece, subject)
        for ordinal, piece in enumerate(chunk_text(text, frame.language, encoder, taken=share))
    ]


def _plain_passage(
    frame: _Frame, part: Part, ordinal: int, source: str, piece: Piece, above: str = ""
) -> Passage:
    said = source[piece.start : piece.end]
    place = _Place(part, ordinal, piece.start, piece.end)
    return _passage(frame, place, said, _joined(above, said), _terms(said, frame.language))


def _passage(frame: _Frame, place: _Place, text: str, embedded: str, words: str) -> Passage:
    kind = kind_of(place.part)
    return Passage.model_validate(
        {
            "pool": frame.pool,
            "document_id": frame.document_id,
            "revision_id": frame.revision_id,
            "language": frame.language,
            "audience": str(frame.audience),
            "part": place.part,
            "ordinal": place.ordinal,
            "title": frame.title,
            "heading": place.heading,
            "start": place.start,
            "end": place.end,
            "text": text,
            "embedded_text": embedded,
            "text_hash": text_hash(kind, embedded),
            "terms": words,
            "title_terms": frame.title_terms,
            "facets": frame.facets,
        }
    )


def _plain(markdown: str) -> str:
    """As read, without marks; what the converter refuses or has no need to see stays as it is."""
    if not _MARKS.search(markdown):
        return markdown
    try:
        return plain_text(markdown)
    except (InvalidInput, TextRefused):  # too large or tangled to show, not to be found
        return markdown


def _turns(case: CaseView, role: Role) -> str:
    return "\n\n".join(m.text.strip() for m in case.messages if m.role == role and m.text.strip())


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _terms(text: str, language: str) -> str:
    return " ".join(terms(text, language))


def embedding_inputs(passages: Sequence[Passage]) -> dict[str, tuple[TextKind, str]]:
    """By text hash, what the encoder is to be given: each text once."""
    return {p.text_hash: (kind_of(Part(p.part)), p.embedded_text) for p in passages}
