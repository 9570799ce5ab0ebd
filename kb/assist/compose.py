"""The extractive reply: sentences of the best passages, each with its citation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb.assist.excerpt import Unit, units_of
from kb.assist.turns import content_terms
from kb.assist.types import DialogQuery, Reply, ReplySentence
from kb.domain import Audience, Part, Pool
from kb.search.types import Hit
from kb.text.phrases import get_phrases
from kb.text.terms import base_language

HITS = 3  # passages looked at
MOST_UNITS = 5  # sentences and steps in a reply; a list of steps may go beyond
MOST_CHARACTERS = 700
LONGEST_LIST = 9  # steps of a list that is still quoted, whole

# Chosen on sample dialogs, docs/decisions/0006.
_FOCUS, _TEXT = 1.0, 0.3  # weight of a term of the focus, and of the rest of the dialog
_LEAD = 0.5  # bonus of the passage's first unit; it fades by half with each unit
_NEXT_HIT = 0.6  # what a unit of the next passage is worth
_REFERS = 0.3  # what a sentence that points to another article is worth
_STEPS = 1.8  # what the steps of a list are worth: they say what to do
_BESIDE = 0.3  # share of the best unit's worth that its neighbours gain: they explain it
_ENOUGH = 0.4  # share of the best unit's worth that makes a unit worth saying
_NOVELTY = 0.7  # share of relevance against repetition (maximal marginal relevance)
_NEAR = 0.6  # share of the best hit's confidence that a quoted hit has at least


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Units that are quoted together: one, or the steps of a list."""

    rank: int
    place: int  # of the units in the passage
    units: tuple[Unit, ...]
    terms: frozenset[str]
    worth: float

    @property
    def size(self) -> int:
        return sum(len(unit.text) for unit in self.units)


def compose_reply(query: DialogQuery, hits: Sequence[Hit]) -> Reply | None:
    """A reply in the customer's language from the passages of the best quotable hits.

    Only articles that customers may read are quoted, never cases or internal procedures.
    None when there is none. A notice tells which language the source is in when it is not the
    customer's.
    """
    quoted = quotable(hits)
    chosen = _chosen(_candidates(query, quoted))
    if not chosen:
        return None
    used = sorted({candidate.rank for candidate in chosen})
    citation = {rank: number for number, rank in enumerate(used, 1)}
    body = [
        _sentence(unit, quoted[candidate.rank], citation[candidate.rank])
        for candidate, unit in _said(chosen)
    ]
    source = quoted[used[0]].language
    sources = tuple(f"{Pool.article}:{quoted[rank].document_id}" for rank in used)
    return assemble(query.language, source, body, sources)


def quotable(hits: Sequence[Hit]) -> list[Hit]:
    """The articles whose text may go to a customer, nearly as sure as the best, best first."""
    if not hits:
        return []
    least = _NEAR * max(hit.confidence for hit in hits)
    found = [
        hit
        for hit in hits
        if hit.pool == Pool.article
        and hit.audience != Audience.internal
        and hit.part == Part.body
        and hit.confidence >= least
    ][:HITS]
    # One reply, one language: the notice names the language of the first source.
    return [hit for hit in found if hit.language == found[0].language]


def assemble(
    language: str,
    source_language: str,
    body: Sequence[ReplySentence],
    sources: tuple[str, ...],
    *,
    generated: bool = False,
) -> Reply:
    """Greeting, notice where it is due, the body, closing; `text` has them as paragraphs."""
    phrases = get_phrases(language)
    opening = [ReplySentence(phrases.greeting, None), ReplySentence(phrases.lead, None)]
    notice = []
    if base_language(source_language) != base_language(language):
        notice = [ReplySentence(phrases.notice(source_language), None)]
    closing = [ReplySentence(phrases.closing, None)]
    blocks = [
        phrases.greeting,
        " ".join(sentence.text for sentence in (*opening[1:], *notice)),
        _joined(body),
        phrases.closing,
    ]
    sentences = (*opening, *notice, *body, *closing)
    return Reply(language, source_language, "\n\n".join(blocks), sentences, sources, generated)


def is_line(text: str) -> bool:
    """Whether it is a step, a bullet or a table, which has lines of its own."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    is_step = first[-1:] in (".", ")") and first[:-1].isdigit()
    return is_step or first in ("-", "*", "+", "•") or "\n" in text


def _joined(body: Sequence[ReplySentence]) -> str:
    """Sentences run on; steps, bullets and tables stand on lines of their own."""
    text = ""
    was_line = False
    for sentence in body:
        on_line = is_line(sentence.text)
        if text:
            text += "\n" if on_line or was_line else " "
        text += sentence.text
        was_line = on_line
    return text


def _sentence(unit: Unit, hit: Hit, citation: int) -> ReplySentence:
    return ReplySentence(
        text=unit.text,
        citation=citation,
        document=f"{Pool.article}:{hit.document_id}",
        passage_id=hit.passage_id,
        start=hit.start + unit.start,
        end=hit.start + unit.end,
    )


def _said(chosen: Sequence[_Candidate]) -> Iterator[tuple[_Candidate, Unit]]:
    """What is quoted in the order of the source; bullets after the sentence that opens them."""
    opened: set[tuple[int, int]] = set()
    for candidate in chosen:
        for unit in candidate.units:
            opener = unit.opener
            if opener and (candidate.rank, opener.start) not in opened:
                opened.add((candidate.rank, opener.start))
                yield candidate, opener
            yield candidate, unit


def _candidates(query: DialogQuery, hits: Sequence[Hit]) -> list[_Candidate]:
    """What could be said, with its worth: shared terms weighed by rarity, place and rank."""
    found = [
        _Candidate(rank, place, units, _terms(units, hits[rank].language), 0.0)
        for rank, hit in enumerate(hits)
        for place, units in enumerate(_together(units_of(hit.text, hit.language)))
        if not units[-1].text.endswith("?")  # a reply asks nothing: it is a heading in disguise
    ]
    frequency = Counter(term for candidate in found for term in candidate.terms)
    rarity = {term: math.log(1 + len(found) / count) for term, count in frequency.items()}
    wanted = [_wanted(query, hit.language) for hit in hits]
    return [replace(c, worth=_worth(c, wanted[c.rank], rarity)) for c in found]


def _terms(units: Sequence[Unit], language: str) -> frozenset[str]:
    return frozenset(content_terms(" ".join(unit.text for unit in units), language))


def _worth(candidate: _Candidate, wanted: dict[str, float], rarity: dict[str, float]) -> float:
    terms = candidate.terms
    matched = sum(weight * rarity[term] for term, weight in wanted.items() if term in terms)
    worth = matched / math.sqrt(4 + len(terms)) + _LEAD * 0.5**candidate.place
    refers = any(unit.refers for unit in candidate.units)
    worth *= _STEPS if len(candidate.units) > 1 else 1.0
    return worth * _NEXT_HIT**candidate.rank * (_REFERS if refers else 1.0)


def _wanted(query: DialogQuery, language: str) -> dict[str, float]:
    """Terms of the question with their weight, as the document's language forms them."""
    wanted = dict.fromkeys(content_terms(query.text, language), _TEXT)
    return wanted | dict.fromkeys(content_terms(query.focus, language), _FOCUS)


def _together(units: Sequence[Unit]) -> list[tuple[Unit, ...]]:
    """Units to be quoted as one; colons that open nothing quotable and over-long lists go."""
    groups: dict[int, list[Unit]] = {}
    order: list[list[Unit]] = []
    for unit in units:
        if unit.group and unit.group in groups:
            groups[unit.group].append(unit)
            continue
        order.append([unit])
        if unit.group:
            groups[unit.group] = order[-1]
    return [
        tuple(members)
        for members in order
        if len(members) <= LONGEST_LIST and (len(members) > 1 or not members[0].opens)
    ]


def _chosen(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Maximal marginal relevance (Carbonell and Goldstein, 1998), then the order of the source."""
    if not candidates:
        return []
    best = max(candidates, key=lambda candidate: candidate.worth)
    left = [_beside(candidate, best) for candidate in candidates if candidate is not best]
    chosen, used = [best], best.size
    while left and sum(len(candidate.units) for candidate in chosen) < MOST_UNITS:
        pick = max(left, key=lambda c: _NOVELTY * c.worth - (1 - _NOVELTY) * _likeness(c, chosen))
        left.remove(pick)
        if pick.worth >= _ENOUGH * best.worth and used + pick.size <= MOST_CHARACTERS:
            chosen.append(pick)
            used += pick.size
    return sorted(chosen, key=lambda c: (c.rank, c.place))


def _beside(candidate: _Candidate, best: _Candidate) -> _Candidate:
    is_near = candidate.rank == best.rank and abs(candidate.place - best.place) == 1
    return (
        replace(candidate, worth=candidate.worth + _BESIDE * best.worth) if is_near else candidate
    )


def _likeness(candidate: _Candidate, chosen: Sequence[_Candidate]) -> float:
    """The largest share of terms in common with what is already said."""
    shares = (
        len(candidate.terms & other.terms) / max(1, len(candidate.terms | other.terms))
        for other in chosen
    )
    return max(shares, default=0.0)
