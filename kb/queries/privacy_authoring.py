"""What authoring says of an erased customer: quotes of their cases, numbers that are theirs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Article,
    ArticleState,
    AuditEntry,
    Case,
    CaseMessage,
    Gap,
    GapKind,
    Interaction,
    InteractionMessage,
    Revision,
    Role,
    Suggestion,
    Translation,
)
from kb.queries.privacy_interactions import batches
from kb.queries.privacy_texts import AuthoringText, Place, authoring_texts
from kb.queries.redactions import names_in, rules_of
from kb.text.quotes import Quotes, Words, is_telling, sayings
from kb.text.redact import PersonalKind, find_personal, mask

WORDED = frozenset({PersonalKind.address, PersonalKind.name, PersonalKind.birth_date})
"""Kinds that people share; what is of another kind is one person's."""

LEAST = 6  # characters of a number or a name that is looked for
_SEARCH = "gap"  # they go as a whole
_NAME = "\0"  # first of the words of what names somebody
Spans = tuple[tuple[int, int], ...]
Hit = tuple[int, int, Words]


@dataclass(frozen=True, slots=True)
class TextTrace:
    """A text that holds something of the customer: what was quoted, and what names them."""

    place: Place
    text: str
    quotes: Spans
    names: Spans


@dataclass(frozen=True, slots=True)
class Traces:
    """`searches`: hashes of gaps; `left` tells of published texts that a person has to look at."""

    found: tuple[TextTrace, ...] = ()
    searches: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass
class _Own:
    """What was said in these cases and interactions, since when, and what of it by customers."""

    since: dict[Words, datetime] = field(default_factory=dict)
    customers: set[Words] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def add(self, text: str, language: str, at: datetime, *, by_customer: bool) -> None:
        for words in sayings(text, language):
            self.since[words] = min(at, self.since.get(words, at))
            if by_customer:
                self.customers.add(words)

    def finder(self, only: Collection[Words] | None = None) -> _Finder:
        """Finds these words and names, or only some of them."""
        words = set(self.since) if only is None else {w for w in only if w[0] != _NAME}
        wanted = {(_NAME, name.casefold()) for name in self.names}
        names = {words[1] for words in (wanted if only is None else wanted & set(only))}
        return _Finder(Quotes(words), _pattern(names))


@dataclass(frozen=True, slots=True)
class _Finder:
    quotes: Quotes
    names: re.Pattern[str] | None

    def find(self, text: str) -> Iterator[Hit]:
        for quote in self.quotes.find(text):
            yield quote.start, quote.end, quote.words
        if self.names is not None:
            for match in self.names.finditer(text):
                yield *match.span(), (_NAME, " ".join(match[0].casefold().split()))


def find_traces_in_texts(
    session: Session,
    cases: Collection[str],
    interactions: Collection[str],
    suggestions: Collection[str] = (),
) -> Traces:
    """Where articles in every state, texts begun, notes and searches repeat what was said in these.

    No trace is what others said as well, and what an article said before. What readers are shown
    stays, since a customer may have quoted it and colleagues' words are knowledge by then; but
    the customer's own words go from articles that were made of these cases.
    """
    own = _own(session, cases, interactions)
    for asked, at, language in _asked(session, suggestions):
        own.add(asked, language, at, by_customer=True)
    if not own.since and not own.names:
        return Traces()
    made = _made_of(session, cases)
    hits = list(_hits(session, own, made, interactions))
    if not hits:
        return Traces()
    some = {words for _, found in hits for _, _, words in found}
    shown = _shown(session, own.finder(some))
    free = _said_elsewhere(session, own, some, cases, interactions)
    free |= {words for found in shown.values() for words in found if words[0] == _NAME}
    traces: list[TextTrace] = []
    left: set[str] = set()
    for text, found in hits:
        kept = [hit for hit in found if hit[2] not in free]
        stays = {hit for hit in kept if _stays(text, hit[2], own, shown, made)}
        if len(stays) < len(kept):
            traces.append(_trace(text, [hit for hit in kept if hit not in stays]))
        if text.article in made and stays:
            left.add(f"the article {text.article}, which was made of an erased case")
        elif any(words in own.customers for _, _, words in stays):
            left.add(f"words of the customer in the article {text.article}")
    searches = tuple(sorted(trace.place[1] for trace in traces if trace.place[0] == _SEARCH))
    texts = tuple(trace for trace in traces if trace.place[0] != _SEARCH)
    return Traces(texts, searches, tuple(sorted(left)))


def _hits(
    session: Session, own: _Own, made: Collection[str], interactions: Collection[str]
) -> Iterator[tuple[AuthoringText, list[Hit]]]:
    """Texts that repeat something; what is short counts where the text was made of the case."""
    finder = own.finder()
    for text in chain(authoring_texts(session, interactions), _searches(session)):
        found = [
            hit
            for hit in finder.find(text.text)
            if text.article in made or hit[2][0] == _NAME or is_telling(hit[2])
        ]
        if found:
            yield text, found


def _searches(session: Session) -> Iterator[AuthoringText]:
    query = select(col(Gap.question_hash), col(Gap.question)).where(col(Gap.kind) == GapKind.search)
    for key, question in session.execute(query):
        yield AuthoringText((_SEARCH, key, "question"), question, None)


def _stays(
    text: AuthoringText,
    words: Words,
    own: _Own,
    shown: Mapping[str, set[Words]],
    made: Collection[str],
) -> bool:
    """Whether readers are shown it, and it is not the customer's in an article of the case."""
    if text.article is None or words not in shown.get(text.article, ()):
        return False
    return text.article not in made or words not in own.customers


def _trace(text: AuthoringText, hits: Sequence[Hit]) -> TextTrace:
    names = _joined([(start, end) for start, end, words in hits if words[0] == _NAME])
    quotes = _joined([(start, end) for start, end, words in hits if words[0] != _NAME])
    apart = tuple(n for n in names if not any(n[0] < q[1] and q[0] < n[1] for q in quotes))
    return TextTrace(text.place, text.text, quotes, apart)


def _own(session: Session, cases: Collection[str], interactions: Collection[str]) -> _Own:
    rules, own = rules_of(session), _Own()
    for said in _said(session, cases, interactions):
        names = names_in(said.customer, said.agent)
        spans = find_personal(said.text, said.language, names=names, patterns=rules.patterns)
        for text in {said.text, mask(said.text, spans, said.language)}:
            own.add(text, said.language, said.at, by_customer=said.by_customer)
        if said.by_customer:
            found = {said.text[s.start : s.end] for s in spans if s.kind not in WORDED}
            own.names |= {*found, *names_in(said.customer, None)}
        if said.customer and any(map(str.isdigit, said.customer)):
            own.names.add(said.customer)
    own.names = {" ".join(name.split()) for name in own.names if len(name.strip()) >= LEAST}
    return own


def _asked(session: Session, suggestions: Collection[str]) -> Iterator[tuple[str, datetime, str]]:
    """What the customer wrote where there is neither a case nor an interaction."""
    for batch in batches(sorted(suggestions)):
        query = select(
            col(Suggestion.request), col(Suggestion.created_at), col(Suggestion.language)
        )
        for request, at, language in session.execute(query.where(col(Suggestion.id).in_(batch))):
            for message in request.get("messages", ()):
                if message.get("role") == "customer":
                    yield message.get("text", ""), at, language


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    language: str
    at: datetime
    by_customer: bool
    customer: str | None
    agent: str | None


def _said(
    session: Session, cases: Collection[str], interactions: Collection[str]
) -> Iterator[_Said]:
    """Everything written in these, notes too."""
    for batch in batches(sorted(cases)):
        found = {
            row.id: row for row in session.scalars(select(Case).where(col(Case.id).in_(batch)))
        }
        for row in found.values():
            for text, by_customer in (
                (row.subject, True),
                (row.tried, False),
                (row.resolution, False),
            ):
                yield _of_case(row, text, by_customer)
        turns = select(CaseMessage).where(col(CaseMessage.case_id).in_(batch))
        for turn in session.scalars(turns):
            yield _of_case(found[turn.case_id], turn.text, turn.role == Role.customer)
    for batch in batches(sorted(interactions)):
        query = select(Interaction).where(col(Interaction.id).in_(batch))
        talks = {row.id: row for row in session.scalars(query)}
        for talk in talks.values():
            notes = ((talk.subject, True), (talk.resolution, False), (talk.handover_note, False))
            for text, by_customer in notes:
                yield _of_talk(talk, text, by_customer)
        lines = select(InteractionMessage).where(col(InteractionMessage.interaction_id).in_(batch))
        for line in session.scalars(lines):
            yield _of_talk(talks[line.interaction_id], line.text, line.role == Role.customer)


def _of_case(row: Case, text: str, by_customer: bool) -> _Said:
    return _Said(text, row.language, row.opened_at, by_customer, row.customer_ref, row.agent_ref)


def _of_talk(row: Interaction, text: str, by_customer: bool) -> _Said:
    customer = row.customer_ref or row.customer_name
    return _Said(text, row.language or "en", row.opened_at, by_customer, customer, row.agent_ref)


def _said_elsewhere(
    session: Session,
    own: _Own,
    some: set[Words],
    cases: Collection[str],
    interactions: Collection[str],
) -> set[Words]:
    """What others said too, and what a revision said before the case was opened."""
    finder, found = own.finder(some), set()
    for text in _of_others(session, cases, interactions):
        found |= {words for _, _, words in finder.find(text)}
    last = max(own.since.values(), default=None)
    if last is not None:
        columns = (col(Revision.created_at), col(Revision.title), col(Revision.body))
        for at, *texts in session.execute(select(*columns).where(columns[0] < last)):
            hits = (words for text in texts for _, _, words in finder.find(text))
            found |= {words for words in hits if words[0] == _NAME or at < own.since[words]}
    return found


def _of_others(
    session: Session, cases: Collection[str], interactions: Collection[str]
) -> Iterator[str]:
    columns = (Case.id, Case.subject, Case.tried, Case.resolution)
    for key, *texts in session.execute(select(*map(col, columns))):
        if key not in cases:
            yield from texts
    turns = select(col(CaseMessage.case_id), col(CaseMessage.text))
    yield from (text for key, text in session.execute(turns) if key not in cases)
    lines = select(col(InteractionMessage.interaction_id), col(InteractionMessage.text))
    yield from (text for key, text in session.execute(lines) if key not in interactions)


def _shown(session: Session, finder: _Finder) -> Mapping[str, set[Words]]:
    """What of this readers are shown, by article."""
    query = select(
        col(Translation.article_id),
        col(Revision.title),
        col(Revision.summary),
        col(Revision.body),
        col(Revision.keywords),
    ).join(Revision, col(Revision.id) == col(Translation.published_revision_id))
    query = query.join(Article, col(Article.id) == col(Translation.article_id)).where(
        col(Article.state).in_((ArticleState.published, ArticleState.in_review))
    )
    found: dict[str, set[Words]] = defaultdict(set)
    for article_id, *texts, keywords in session.execute(query):
        for text in (*texts, *keywords):
            found[article_id] |= {words for _, _, words in finder.find(text)}
    return found


def _made_of(session: Session, cases: Collection[str]) -> set[str]:
    """Articles that were begun from one of these cases."""
    query = select(col(AuditEntry.entity_id), col(AuditEntry.details)).where(
        col(AuditEntry.action) == "create_draft", col(AuditEntry.entity) == "article"
    )
    return {
        article_id
        for article_id, details in session.execute(query)
        if not set(cases).isdisjoint(details.get("cases", ()))
    }


def _pattern(names: Collection[str]) -> re.Pattern[str] | None:
    """Whole words, in either case, however they are spaced."""
    if not names:
        return None
    any_of = "|".join(
        r"\s+".join(map(re.escape, name.split())) for name in sorted(names, key=len, reverse=True)
    )
    return re.compile(rf"(?<!\w)(?:{any_of})(?!\w)", re.IGNORECASE)


def _joined(spans: Sequence[tuple[int, int]]) -> Spans:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
