"""The words of an incident in one language, and whether a conversation speaks of it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Incident, Passage, Pool
from kb.queries.synonyms import load_synonyms
from kb.text.mention import Concept, Said, Window, concepts, ways_to_say
from kb.text.terms import terms

SAMPLE = 3_000  # newest passages of a language: they tell which words are everyday ones
STRONG = 1.0  # weight of a phrase that is enough by itself
BESIDE = 0.5  # weight of other words of phrases and title that make a weaker phrase enough
MANY = (3, 1.7)  # concepts of an incident, and their weight, that are enough without a phrase
MATTER = 0.4  # weight of a word that is not an everyday one
FORM = 3  # first letters by which forms of a name are told ("Brno", "Brně")
NAME = 0.6  # weight of a name that is not on every page, as the company's own is

Because = Literal["words", "place"]
Phrase = tuple[Concept, ...]
_PRICES = {
    "en": ("how much", "price", "cost"),
    "pl": ("ile kosztuje", "koszt", "cena", "cennik"),
    "cs": ("kolik stojí", "cena", "ceník"),
    "sl": ("koliko stane", "cena", "cenik"),
    "hu": ("mennyibe kerül", "ár", "díj"),
}
"""Who asks for a price does not ask where something is."""
_LATE = {
    "en": ("wait", "late", "delay", "overdue", "stuck", "suspended", "not moved", "not arrived"),
    "pl": (
        "czekać",
        "spóźniony",
        "opóźnienie",
        "utknąć",
        "zawieszony",
        "nie ruszyć",
        "nie dotrzeć",
    ),
    "cs": ("čekat", "zpoždění", "opožděný", "uvíznout", "pozastavený", "nehnout", "nedorazit"),
    "sl": ("čakati", "zamujati", "zamuda", "obtičati", "mirovati", "ne premakne", "ni prispel"),
    "hu": (
        "várakozik",
        "vár",
        "késik",
        "késés",
        "elakad",
        "szünetel",
        "nem mozdul",
        "nem érkezett",
    ),
}
"""What is said of things that do not come: where an incident says one, customers may say any."""


@dataclass(frozen=True, slots=True)
class IncidentWords:
    """What is looked for: phrases, the words of phrases and title, and those of all texts."""

    language: str
    phrases: tuple[Phrase, ...]
    subject: tuple[Concept, ...]
    matter: tuple[Concept, ...]
    prices: tuple[frozenset[str], ...]

    def hinted(self, said: Said) -> bool:
        """Whether a phrase may be there at all: asked before the words are weighed."""
        return any(all(word.hinted(said.starts) for word in phrase) for phrase in self.phrases)


def read_words(session: Session, incident: Incident, language: str) -> IncidentWords:
    """The words of an incident in a language it may have no phrases or texts in."""
    groups = (*load_synonyms(session).get(language, ()), _LATE.get(language, ()))
    said = ways_to_say(groups, language)
    texts = incident.texts.get(language, {})
    phrases = [concepts(phrase, language, said) for phrase in incident.match.get(language, ())]
    title = concepts(texts.get("title", ""), language, said, titled=True)
    running = [
        concepts(texts.get(name, ""), language, said, titled=True)
        for name in ("statement", "what_to_say")
    ]
    subject = _once(*phrases, title)
    return IncidentWords(
        language,
        tuple(phrase for phrase in phrases if phrase),
        subject,
        _once(subject, *running),
        tuple(frozenset(terms(price, language)) for price in _PRICES.get(language, ())),
    )


def weigh(session: Session, words: IncidentWords) -> dict[str, float]:
    """Concept -> its weight in [0, 1]: 0 when every article speaks of it, 1 when none does.

    log((n + 1) / (d + 1)) / log(n + 1) over n passages of articles of which d speak of it; with
    no passages every word weighs 1.
    """
    query = (
        select(col(Passage.terms))
        .where(col(Passage.language) == words.language, col(Passage.pool) == Pool.article)
        .order_by(col(Passage.id).desc())
        .limit(SAMPLE)
    )
    pages = [found.split() for found in session.connection().scalars(query)]
    every = {c.key: c for c in (*words.matter, *(c for phrase in words.phrases for c in phrase))}
    by_term: dict[str, list[Concept]] = defaultdict(list)
    for concept in every.values():
        for term in {term for way in concept.ways for term in way}:
            by_term[term].append(concept)
    spoken: Counter[str] = Counter()
    for page in pages:
        there = by_term.keys() & page
        near = {concept.key: concept for term in there for concept in by_term[term]}
        spoken.update(key for key, c in near.items() if any(way <= there for way in c.ways))
    size = math.log(len(pages) + 1) or 1.0
    return {
        key: math.log((len(pages) + 1) / (spoken[key] + 1)) / size if pages else 1.0
        for key in every
    }


def judge(words: IncidentWords, weights: Mapping[str, float], said: Said) -> Because | None:
    """ "words" when the incident is spoken of, "place" when only its place and matter are.

    Spoken of: all words of a phrase, if it is of one word, weighs STRONG or has BESIDE it other
    words of phrases and title; or MANY of those words. Place and matter: a name that the incident
    holds or all words of a weaker phrase, with another word of its texts that weighs MATTER. Who
    asks for a price is told of incidents only for the first of these.
    """
    place = False
    for window in said.windows(words.language):
        asks_price = any(price <= window.terms for price in words.prices)
        whole = [p for p in words.phrases if all(map(window.speaks_of, p))]
        if any(len(p) == 1 or _weight(p, weights) >= STRONG for p in whole):
            return "words"
        if asks_price:
            continue
        subject = tuple(concept for concept in words.subject if window.speaks_of(concept))
        if len(subject) >= MANY[0] and _weight(subject, weights) >= MANY[1]:
            return "words"
        if any(_weight(_beside(subject, p), weights) >= BESIDE for p in whole):
            return "words"
        place = place or _is_near(words, weights, window, whole)
    return "place" if place else None


def _is_near(
    words: IncidentWords, weights: Mapping[str, float], window: Window, weak: list[Phrase]
) -> bool:
    meant = {concept.key for phrase in weak for concept in phrase}
    meant |= {
        concept.key
        for concept in words.matter
        if concept.is_name and weights[concept.key] >= NAME and window.speaks_of(concept)
    }
    return bool(meant) and any(
        concept.key not in meant and weights[concept.key] >= MATTER and window.names(concept)
        for concept in words.matter
    )


def _beside(subject: Phrase, phrase: Phrase) -> Phrase:
    keys = {concept.key for concept in phrase}
    return tuple(concept for concept in subject if concept.key not in keys)


def _weight(phrase: Phrase, weights: Mapping[str, float]) -> float:
    return sum(weights[concept.key] for concept in phrase)


def _once(*found: Phrase) -> Phrase:
    """Each concept once; a name anywhere is a name, and its forms are one."""
    every = [concept for phrase in found for concept in phrase]
    names = {concept.key for concept in every if concept.is_name}
    by_key: dict[str, Concept] = {}
    for concept in every:
        key = concept.key[:FORM] if concept.key in names else concept.key
        if key not in by_key or concept.is_name:
            by_key[key] = concept
    return tuple(by_key.values())
