"""Why the best answer of a live conversation is another than before.

Compared are two suggestions as they are recorded, with what is personal masked: so the reason is
the same whether the one before is a moment old, from before a restart or from another server.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kb.actions.suggestions import SuggestionRecord
from kb.assist.turns import content_terms
from kb.domain import Facets
from kb.queries.suggestions import SuggestionView
from kb.search.types import Hit
from kb.text.terms import is_stop, question_words, term_spans, terms

WORDS = 5  # of the message that made the difference
_MASKED = re.compile(r"\[[^\[\]]{1,60}\]")  # as `kb.text.redact.mask` leaves it


@dataclass(frozen=True, slots=True)
class Change:
    """`message` is the mark of a turn (`kb.assist.record.turn_mark`)."""

    reason: str
    message: str | None = None
    words: tuple[str, ...] = ()
    before: str | None = None  # the best answer, as article:<id>
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    role: str
    text: str  # masked


@dataclass(frozen=True, slots=True)
class Given:
    """What a suggestion answered and what with, as it is recorded."""

    language: str
    asked_language: str | None
    channel: str | None
    facets: Facets
    query: str
    focus: str
    nothing_known: str | None
    answers: tuple[tuple[str, str, int | None, int], ...]  # document, language, revision, passage
    cases: tuple[tuple[str, str, int | None, int], ...]
    turns: Mapping[str, Turn]  # by mark

    @classmethod
    def of(cls, kept: SuggestionRecord | SuggestionView) -> Given:
        """What is kept of a suggestion, or about to be."""
        asked, found = kept.request, kept.response
        return cls(
            kept.language,
            asked["language"],
            asked["channel"],
            asked["facets"],
            kept.query,
            found["focus"],
            kept.nothing_known,
            _documents(found["articles"]),
            _documents(found["cases"]),
            {m["turn"]: Turn(m["role"], m["text"]) for m in asked["messages"] if "turn" in m},
        )

    @property
    def best(self) -> tuple[str, str, int | None] | None:
        """Document, language and revision of the best answer; None when nothing is known."""
        return None if self.nothing_known or not self.answers else self.answers[0][:3]

    def says_the_same(self, other: Given) -> bool:
        """Whether the same was asked and the same answers were given."""
        return self == other


def change_between(
    before: Given | None, now: Given, hit: Hit | None, there: Collection[str], answered: bool
) -> Change | None:
    """Why the best answer of `now` is not that of `before`; None when it is.

    `hit` is the best answer of now, `there` the marks of all turns that were not deleted (`now`
    holds the last ones only), `answered` whether there ever was an answer.
    """
    was, best = before.best if before else None, now.best
    if was == best:
        return None
    changed = _changed(before, now, there)
    mark = _decisive(changed, now, hit)
    if best is None:
        reason = "nothing_known"
    elif not answered or before is None:
        reason = "first_answer"
    elif was is not None and was[0] == best[0]:
        reason = "language_changed" if was[1] != best[1] else "knowledge_changed"
    else:
        reason = _reason(before, now, changed, mark)
    change = Change(reason, before=was[0] if was else None, after=best[0] if best else None)
    if reason in _NOTHING_SAID:
        return change
    return replace(change, message=mark, words=_words(mark, now, hit))


_NOTHING_SAID = frozenset({"facets_changed", "language_changed", "knowledge_changed"})


def _reason(before: Given, now: Given, changed: Mapping[str, bool], mark: str | None) -> str:
    customers = any(m not in now.turns or now.turns[m].role == "customer" for m in changed)
    if not customers and (before.facets, before.channel) != (now.facets, now.channel):
        return "facets_changed"
    if before.asked_language != now.asked_language:
        return "language_changed"
    if mark is not None:
        if changed[mark]:
            return "message_edited"
        return "more_detail" if _is_same_question(before, now) else "new_question"
    return "language_changed" if before.language != now.language else "knowledge_changed"


def _changed(before: Given | None, now: Given, there: Collection[str]) -> dict[str, bool]:
    """Marks of turns that are new, edited or gone -> whether there was something before."""
    if before is None:
        return dict.fromkeys(now.turns, False)
    first = next(iter(now.turns), None)
    window = list(before.turns)
    start = window.index(first) if first in window else 0
    found = {mark: True for mark in window[start:] if mark not in there}
    for mark, turn in now.turns.items():
        old = before.turns.get(mark)
        if old is None:
            found[mark] = False
        elif old != turn:
            found[mark] = True
    return found


def _decisive(changed: Mapping[str, bool], now: Given, hit: Hit | None) -> str | None:
    """The turn that has most to do with what is asked and with the best answer.

    The customer's before the agent's, later ones before earlier ones, what was taken back last.
    """
    wanted = set(content_terms(now.focus, now.language)) | _terms_of(hit)
    order = list(now.turns)

    def worth(mark: str) -> tuple[int, int, int]:
        turn = now.turns.get(mark)
        if turn is None:
            return (-1, 0, 0)
        shared = wanted & set(terms(turn.text, now.language))
        return (int(turn.role == "customer"), len(shared), order.index(mark))

    return max(changed, key=worth, default=None)


def _words(mark: str | None, now: Given, hit: Hit | None) -> tuple[str, ...]:
    """Words of the turn that the answer speaks of too; else those that are asked about."""
    turn = now.turns.get(mark or "")
    if turn is None:
        return ()
    focus = set(content_terms(now.focus, now.language))
    for wanted in (_terms_of(hit), focus):
        found = _written(turn.text, now.language, wanted)
        if found:
            return found
    return ()


def _written(text: str, language: str, wanted: Collection[str]) -> tuple[str, ...]:
    """The words of a text whose terms are wanted, as they stand there, each once."""
    found: dict[str, str] = {}
    end = 0
    asked = question_words(language)
    bare = _MASKED.sub(lambda label: " " * len(label[0]), text)
    for span in term_spans(bare, language):
        is_word = len(span.term) > 1 and span.term not in asked and not is_stop(span.term, language)
        if span.start >= end and is_word and span.term in wanted:
            end = span.end
            found.setdefault(span.term, text[span.start : span.end])
    return tuple(found.values())[:WORDS]


def _terms_of(hit: Hit | None) -> set[str]:
    return set(terms(f"{hit.title}\n{hit.text}", hit.language)) if hit else set()


def _is_same_question(before: Given, now: Given) -> bool:
    """Whether what is asked now was asked before: more than half of its topic is still there."""
    if before.focus == now.focus:
        return True
    old = set(content_terms(before.focus, before.language))
    new = set(content_terms(now.focus, now.language))
    return len(old & new) > len(old) / 2


def _documents(
    answers: Sequence[Mapping[str, Any]],
) -> tuple[tuple[str, str, int | None, int], ...]:
    return tuple((a["document"], a["language"], a["revision"], a["passage"]) for a in answers)
