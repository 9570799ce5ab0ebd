"""Incidents: which of them touch a conversation, and what to say then."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Incident, IncidentState, Passage, Severity, utc_now
from kb.queries.incident_words import Because, IncidentWords, judge, read_words, weigh
from kb.text.mention import Said
from kb.text.terms import base_language

COUNTRY, PRODUCT = "country", "product"
KEPT = 200  # incidents under way, a few kilobytes each
_SEVERITY = {Severity.high: 0, Severity.medium: 1, Severity.low: 2}


@dataclass(frozen=True, slots=True)
class IncidentNotice:
    """An incident that touches a conversation.

    `title` and `statement` are in `language`, the reader's where there is such a text;
    `what_to_say` in `what_to_say_language`, the customer's where there is such a text. `because`
    is "words" when the conversation speaks of it, "place" when it is likely to be about it.
    """

    id: str
    severity: Severity
    language: str
    title: str
    statement: str
    what_to_say: str
    what_to_say_language: str
    starts_at: datetime
    ends_at: datetime | None
    because: Because


@dataclass(frozen=True, slots=True)
class IncidentView:
    """A whole incident. `texts`: language -> title, statement, what_to_say; `match` likewise."""

    id: str
    state: IncidentState
    severity: Severity
    countries: tuple[str, ...]
    products: tuple[str, ...]
    texts: Mapping[str, Mapping[str, str]]
    match: Mapping[str, Sequence[str]]
    more: Mapping[str, Any]
    starts_at: datetime
    ends_at: datetime | None
    updated_at: datetime
    version: int


def iter_incidents(session: Session) -> Iterator[IncidentView]:
    """Every incident, by key, whatever its state."""
    for row in session.scalars(select(Incident).order_by(col(Incident.id))):
        values = {name: getattr(row, name) for name in IncidentView.__dataclass_fields__}
        lists = {name: tuple(values[name]) for name in ("countries", "products")}
        yield IncidentView(**(values | lists))


def touching(
    session: Session,
    *,
    texts: Sequence[str],
    facets: Mapping[str, Sequence[str]],
    language: str,
    reader_language: str,
    now: datetime,
) -> tuple[IncidentNotice, ...]:
    """The incidents under way at `now` that touch a conversation; what is spoken of comes first.

    `texts` are the customer's turns, oldest first, `language` is the customer's. By words: they
    speak of the incident (`judge`), in any language it has phrases in. By place: they name a
    place of it and touch its matter, a country of the conversation's facets is one of its
    countries, and no product among the facets says otherwise. Sharing the country alone is
    never enough.
    """
    rows = session.connection().execute(_UNDER_WAY, {"now": now}).all()
    if not rows or not any(text.strip() for text in texts):
        return ()
    said, found = Said(texts, {}), []
    for incident_id, content_hash, size in rows:
        kept = _kept(
            session, _Key(_database(session), incident_id, content_hash, (size or 0).bit_length())
        )
        because = _because(session, kept, said, base_language(language))
        if because == "words" or (because == "place" and _is_there(kept.row, facets)):
            found.append(_notice(kept.row, because, language, reader_language))
    return tuple(sorted(found, key=lambda n: (n.because != "words", _SEVERITY[n.severity], n.id)))


def warm_up_incidents(session: Session, language: str, example: str) -> None:
    """Read and weigh the words of what is under way, so that no conversation waits for it."""
    touching(
        session,
        texts=[example],
        facets={},
        language=language,
        reader_language=language,
        now=utc_now(),
    )


class _Key(NamedTuple):
    """`size` grows with the passages: what is an everyday word is found out again from time to
    time."""

    database: str
    incident_id: str
    content_hash: str
    size: int


@dataclass(slots=True)
class _Kept:
    """An incident with its words, read and weighed as conversations need them."""

    row: Incident
    words: dict[str, IncidentWords] = field(default_factory=dict)
    weights: dict[str, dict[str, float]] = field(default_factory=dict)


_all_kept: OrderedDict[_Key, _Kept] = OrderedDict()


def _kept(session: Session, key: _Key) -> _Kept:
    found = _all_kept.get(key)
    if found is None:
        row = session.get_one(Incident, key.incident_id, populate_existing=True)
        found = _all_kept[key] = _Kept(Incident.model_validate(row.model_dump()))
        while len(_all_kept) > KEPT:
            _all_kept.popitem(last=False)
    return found


def _because(session: Session, kept: _Kept, said: Said, language: str) -> Because | None:
    """Looked for in the conversation's language, then wherever a phrase may stand."""
    others = sorted(set(kept.row.match) - {language})
    best: Because | None = None
    for each in (language, *others):
        words = kept.words.get(each)
        if words is None:
            words = kept.words[each] = read_words(session, kept.row, each)
        if each != language and not words.hinted(said):
            continue
        if each not in kept.weights:
            kept.weights[each] = weigh(session, words)
        because = judge(words, kept.weights[each], said)
        if because == "words":
            return because
        best = best or because
    return best


def _is_there(row: Incident, facets: Mapping[str, Sequence[str]]) -> bool:
    """Whether the facets place a conversation where the incident is."""
    countries, products = facets.get(COUNTRY, ()), facets.get(PRODUCT, ())
    here = bool(countries) and (not row.countries or not set(countries).isdisjoint(row.countries))
    meant = not products or not row.products or not set(products).isdisjoint(row.products)
    return here and meant


def _notice(row: Incident, because: Because, language: str, reader_language: str) -> IncidentNotice:
    shown = _language_of(row, reader_language, language)
    told = _language_of(row, language, reader_language)
    return IncidentNotice(
        id=row.id,
        severity=row.severity,
        language=shown,
        title=row.texts[shown].get("title", ""),
        statement=row.texts[shown].get("statement", ""),
        what_to_say=row.texts[told].get("what_to_say", ""),
        what_to_say_language=told,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        because=because,
    )


def _language_of(row: Incident, *wanted: str) -> str:
    """The first of the languages that there is a text in, else English, else any."""
    for language in (*wanted, "en"):
        for tag in (language, base_language(language)):
            if tag in row.texts:
                return tag
    return min(row.texts)


def _database(session: Session) -> str:
    return str(session.get_bind().engine.url)


_ID = col(Passage.id)
_UNDER_WAY = (
    select(
        col(Incident.id),
        col(Incident.content_hash),
        select(func.max(_ID)).scalar_subquery(),
    )
    .where(
        col(Incident.state) == IncidentState.active,
        col(Incident.starts_at) <= bindparam("now"),
        or_(col(Incident.ends_at).is_(None), col(Incident.ends_at) > bindparam("now")),
    )
    .order_by(col(Incident.id))
)
