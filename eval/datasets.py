"""Evaluation sets: documents and questions, whatever form their folder has.

The forms are described in docs/evaluation.md. Readers raise NotFound when files are missing and
InvalidInput, with file and line, when a row cannot be understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from eval.rows import Row
from eval.splits import Split, stable_order
from kb.assist.types import Message
from kb.domain import Facets
from kb.errors import InvalidInput
from kb.text.language import detect
from kb.text.terms import base_language

Mode = Literal["open", "entity"]
FACETS = ("entity", "domain")  # of a corpus row; `facets` may hold more
ROLES = {"user": "customer", "assistant": "agent", "operator": "agent", "bot": "agent"}
NEARLY_ALL = 0.7  # share of a language above which the others are taken as noise
SAMPLE = 200  # texts looked at to tell the language of a whole file


@dataclass(frozen=True, slots=True)
class Document:
    """A page in one language; the same id in another language is its translation.

    `title` is "" where the data has none. `resolution` is what solved it, where it is a case.
    """

    id: str
    title: str
    text: str
    language: str
    facets: Facets = field(default_factory=dict)
    resolution: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A question, or the dialog so far, and the documents that answer it.

    `relevant` maps document ids to gains (> 0). `known` are facets given beside the text.
    `exclude` is a document that must not answer: the one this question was made from.
    """

    id: str
    messages: tuple[Message, ...]
    language: str | None
    relevant: Mapping[str, float]
    known: Facets = field(default_factory=dict)
    exclude: str | None = None

    @property
    def plain(self) -> str:
        """What a plain search box would get: the last customer turn, then the last agent turn."""
        turns = {message.role: message.text for message in self.messages}
        found = [turns[role] for role in ("customer", "agent") if role in turns]
        return " ".join(found or turns.values())


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """`skipped` counts questions left out because no document in the corpus answers them."""

    name: str
    documents: tuple[Document, ...]
    queries: tuple[Query, ...]
    language: str | None = None
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages Potica is set up for: tags outside them are told from the text instead."""

    allowed: tuple[str, ...]

    def tag(self, given: str) -> str | None:
        """The configured language a tag stands for ("pl-PL" is "pl"); None when unknown."""
        base = base_language(given)
        return next((tag for tag in self.allowed if base_language(tag) == base), None)

    def most_likely(self, texts: Sequence[str]) -> str | None:
        """The language of most of these texts; None without texts."""
        shares = self._shares(texts)
        return max(shares, key=shares.__getitem__) if shares else None

    def told(self, given: Sequence[str | None], texts: Sequence[str]) -> list[str]:
        """The language each text is reported under: as given, else as it looks.

        Where nearly all texts without a given language look alike, the few that look different
        ("ok", "Miami") are taken as noise.
        """
        unknown = [text for tag, text in zip(given, texts, strict=True) if tag is None]
        shares = self._shares(unknown)
        whole = max(shares, key=shares.__getitem__) if shares else None
        if whole and shares[whole] >= NEARLY_ALL * sum(shares.values()):
            return [tag or whole for tag in given]
        pairs = zip(given, texts, strict=True)
        return [tag or detect(text, self.allowed).language for tag, text in pairs]

    def _shares(self, texts: Sequence[str]) -> dict[str, float]:
        step = max(1, len(texts) // SAMPLE)
        counts: dict[str, float] = {}
        for text in texts[::step]:
            guess = detect(text, self.allowed)
            counts[guess.language] = counts.get(guess.language, 0.0) + guess.confidence
        return counts


def read_documents(rows: Iterable[tuple[Row, str | None]], languages: Languages) -> list[Document]:
    """Documents of corpus rows, each with the language of its file, if that is known.

    A row's own `lang` counts first, then the file's, then what the text looks like, with the
    language of most rows as the hint. Raises InvalidInput on an id twice in one language.
    """
    read = [(row, _document(row), _own_language(row, given, languages)) for row, given in rows]
    unknown = [document.text for _, document, language in read if language is None]
    hint = languages.most_likely(unknown)
    found: dict[tuple[str, str], Document] = {}
    for row, document, language in read:
        if language is None:
            whole = f"{document.title}\n{document.text}"
            language = detect(whole, languages.allowed, hint=hint).language
        if (document.id, language) in found:
            raise row.error(f"the id {document.id!r} stands twice in {language}: ids are unique.")
        found[document.id, language] = replace(document, language=language)
    return list(found.values())


def read_query(row: Row, given: str | None, languages: Languages) -> Query:
    """A question from `messages`, `text`, `question` or `instructions`.

    `relevant` comes from the row's own `relevant` or `required`; empty where it has neither.
    """
    own = row.strings("relevant")
    relevant = own if own is not None else row.strings("required") or []
    return Query(
        row.key(),
        read_messages(row),
        _own_language(row, given, languages),
        dict.fromkeys(relevant, 1.0),
        known=_facets(row),
    )


def read_messages(row: Row) -> tuple[Message, ...]:
    """The dialog of a row, oldest first; a lone text is the customer's."""
    turns = row.objects("messages")
    if turns is None:
        text = row.needed("text", "question", "query", "instructions")
        return (Message("customer", clean(text)),)
    messages = []
    for turn in turns:
        role = turn.text("role").lower() or "customer"
        text = turn.text("text", "content")
        if text:
            messages.append(Message(ROLES.get(role, role), clean(text)))
    if not messages:
        raise row.error("`messages` holds no text: give at least one message that says something.")
    return tuple(messages)


def as_queries(documents: Iterable[Document], ids: Iterable[str]) -> list[Query]:
    """Documents as questions (title and text), each excluded from its own answers."""
    by_id = {document.id: document for document in documents}
    found = []
    for query_id in ids:
        document = by_id.get(query_id)
        if document is not None:
            text = f"{document.title}\n{document.text}".strip()
            message = Message("customer", text)
            language = document.language
            found.append(Query(query_id, (message,), language, {}, exclude=query_id))
    return found


def judged(
    queries: Iterable[Query],
    qrels: Mapping[str, Mapping[str, float]],
    documents: Sequence[Document],
) -> tuple[list[Query], int]:
    """Questions with the documents of the corpus that answer them, and how many have none."""
    ids = {document.id for document in documents}
    found, skipped = [], 0
    for query in queries:
        relevant = qrels.get(query.id, query.relevant)
        held = {key: gain for key, gain in relevant.items() if key in ids and key != query.exclude}
        if held:
            found.append(replace(query, relevant=held))
        else:
            skipped += 1
    if skipped and not found:
        raise InvalidInput(
            f"None of the {skipped} questions is answered by a document of the corpus: check that"
            " `relevant` or qrels.tsv and the corpus use the same ids."
        )
    return found, skipped


def with_mode(queries: Iterable[Query], documents: Sequence[Document], mode: Mode) -> list[Query]:
    """`entity`: what the right document is about is known beforehand. `open`: nothing is."""
    if mode == "open":
        return [replace(query, known={}) for query in queries]
    facets = {document.id: document.facets for document in documents}
    if not any(facets.values()):
        raise InvalidInput(
            "No corpus row carries `entity` or `domain`, so there is no entity to be known:"
            " leave out --mode entity."
        )
    return [replace(q, known=q.known or _joint(facets[key] for key in q.relevant)) for q in queries]


def narrowed(known: Facets, facets: Facets) -> bool:
    """Whether a document fits: for each known key it has none of its own or shares a value."""
    return all(key not in facets or set(facets[key]) & set(values) for key, values in known.items())


def taken(queries: Sequence[Query], split: Split, limit: int | None) -> list[Query]:
    """The questions of one half, at most `limit` of them, the same ones each time."""
    half = [query for query in queries if split.has(query.id)]
    if limit is None or limit >= len(half):
        return half
    order = sorted(half, key=lambda query: stable_order(query.id))
    chosen = {query.id for query in order[:limit]}
    return [query for query in half if query.id in chosen]


def clean(text: str) -> str:
    """Text that a database can hold: no NUL, no half characters."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _document(row: Row) -> Document:
    title, text = row.text("title"), row.text("text", "body", "question")
    if not title and not text:
        raise row.error("there is neither `title` nor `text`: add one.")
    return Document(
        row.key(),
        clean(title),
        clean(text or title),
        "",
        _facets(row),
        clean(row.text("answer", "solution")),
    )


def _own_language(row: Row, given: str | None, languages: Languages) -> str | None:
    tag = row.text("lang", "language")
    return (languages.tag(tag) if tag else None) or given


def _facets(row: Row) -> Facets:
    facets: Facets = {}
    more = row.values.get("facets")
    if more is not None:
        if not isinstance(more, dict):
            raise row.error("`facets` must be an object of lists.")
        holder = Row(row.path, row.line, more)
        facets = {str(key): holder.strings(str(key)) or [] for key in more}
    for key in FACETS:
        values = row.strings(key)
        if values:
            facets[key] = [clean(value) for value in values if value]
    return {key: values for key, values in facets.items() if values}


def _joint(many: Iterable[Facets]) -> Facets:
    """All values that some of these have."""
    joint: dict[str, dict[str, None]] = {}
    for facets in many:
        for key, values in facets.items():
            joint.setdefault(key, {}).update(dict.fromkeys(values))
    return {key: list(values) for key, values in joint.items()}
