"""Pieces of a case that a draft is made of: its sentences as they may be shown, with their origin.

Every piece knows the characters of the raw case it came from, and where something is hidden in
it: so the draft can be traced, and a redaction corrected where it is seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.assist.asks import asks
from kb.assist.draft_words import get_draft_words
from kb.assist.turns import content_terms
from kb.domain import Role
from kb.queries.cases import CaseRedactions, CaseView
from kb.queries.redactions import hidden_spans
from kb.text.sentences import split_sentences
from kb.text.small_talk import small_talk, without_small_talk

ISSUE_BUDGET = 500  # characters of the customer's own words
LATER = 2  # sentences of later turns that still state the problem
SURELY_ASKS = 0.7  # probability from which a sentence of a later turn does
CAUSES = 2
OPENING = 5  # words of a note in which it says that it tells the cause
LONG_STEP = 120  # characters from which a step is parted at its semicolons
SHORT_PIECE = 40  # and those a piece must have to stand alone
KEYWORD = 80  # characters of a phrase to be found by
# "M. H.", "E. K. S." at the end of what somebody wrote.
_INITIALS = re.compile(r"(?:^|(?<=[\s.!?,)]))(?:\w{1,2}\.\s*){2,4}$")
_NUMBERED = re.compile(r"(?<![\w(])\d{1,2}[.)]\s+")
_ARROW = re.compile(r"\s*(?:→|->|=>)\s*")
_SEMICOLON = re.compile(r"\s*;\s+")
_HANDLE = re.compile(r"^(?:\s*@\w+[\s,:]*)+")
_LETTERS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Bit:
    """Characters [start, end) of a raw part as they may be shown; `kind` of what is hidden."""

    text: str
    start: int
    end: int
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, or a piece of one, of one part of a case."""

    case: str
    part: str
    bits: tuple[Bit, ...]

    @property
    def text(self) -> str:
        return "".join(bit.text for bit in self.bits)

    @property
    def plain(self) -> str:
        """Without what is hidden."""
        return " ".join("".join(bit.text for bit in self.bits if not bit.kind).split())

    @property
    def start(self) -> int:
        return self.bits[0].start

    @property
    def end(self) -> int:
        return self.bits[-1].end

    def cut(self, start: int, end: int) -> Said | None:
        """The characters [start, end) of `text`; a mask is never cut in two."""
        kept: list[Bit] = []
        at = 0
        for bit in self.bits:
            low, high = max(start - at, 0), min(end - at, len(bit.text))
            at += len(bit.text)
            if low >= high:
                continue
            if bit.kind:
                kept.append(bit)
            else:
                kept.append(Bit(bit.text[low:high], bit.start + low, bit.start + high))
        return Said(self.case, self.part, tuple(kept)) if kept else None


@dataclass(frozen=True, slots=True)
class DraftCase:
    """A case to write about: as it may be shown, and its texts with what is hidden in them."""

    view: CaseView
    redactions: CaseRedactions


@dataclass(frozen=True, slots=True)
class CasePieces:
    """What a case says, by the section of an article it belongs to."""

    case: DraftCase
    subject: Said | None
    issue: tuple[Said, ...]
    cause: tuple[Said, ...]
    tried: tuple[Said, ...]
    resolution: tuple[Said, ...]


def read_pieces(case: DraftCase) -> CasePieces:
    """The sentences of a case, sorted into sections; small talk and signatures are left out."""
    language = case.view.language
    parts = _parts(case)
    words = get_draft_words(language)
    notes = _sentences(parts.get("resolution"), language)
    issue = _issue(case, parts)
    causes = [s for s in notes if words.is_cause(" ".join(s.text.split()[:OPENING]))]
    # What was asked back of the customer solved nothing.
    steps = [s for s in notes if s not in causes and not s.text.rstrip().endswith("?")]
    if not steps:
        steps, causes = causes or notes, []
    if not causes:
        causes = _told_causes(
            case, parts, [*issue, parts["subject"]] if "subject" in parts else issue
        )
    return CasePieces(
        case,
        parts.get("subject"),
        tuple(issue),
        tuple(causes[:CAUSES]),
        tuple(said for said in _sentences(parts.get("tried"), language) if _says(said)),
        tuple(step for said in steps for step in _steps(said) if _says(step)),
    )


def _told_causes(case: DraftCase, parts: dict[str, Said], about: Sequence[Said]) -> list[Said]:
    """What the agent told the customer as the reason, in words of the problem."""
    language = case.view.language
    topic = {term for said in about for term in content_terms(said.plain, language)}
    words = get_draft_words(language)
    return [
        said
        for number in _of(case, Role.agent)
        for said in _sentences(parts.get(f"message:{number}"), language)
        if words.tells_cause(said.text)
        and _tells(said)
        and not words.is_request(said.text)
        and not topic.isdisjoint(content_terms(said.plain, language))
    ]


def _of(case: DraftCase, role: Role) -> list[int]:
    return [n for n, message in enumerate(case.view.messages) if message.role == role]


def _parts(case: DraftCase) -> dict[str, Said]:
    hidden = hidden_spans(case.redactions.redactions)
    found = {}
    for part, pieces in case.redactions.pieces().items():
        kinds = {span.start: str(span.kind) for span in hidden.get(part, ())}
        bits = (Bit(p.text, p.start, p.end, kinds[p.start] if p.hidden else None) for p in pieces)
        found[part] = Said(case.view.id, part, tuple(bits))
    return found


def _sentences(whole: Said | None, language: str) -> list[Said]:
    if whole is None:
        return []
    spans = split_sentences(whole.text, language)
    cuts = (whole.cut(span.start, span.end) for span in spans)
    return [said for said in cuts if said is not None]


def _issue(case: DraftCase, parts: dict[str, Said]) -> list[Said]:
    """The customer's first words, and what asks later on, up to a budget."""
    language = case.view.language
    agent = _of(case, Role.agent)
    customer = _of(case, Role.customer)
    first = next((n for n in agent if customer and n > customer[0]), len(case.view.messages))
    found: list[Said] = []
    later = left = 0
    for number in customer:
        is_later = number > first and bool(found)
        if is_later and number == customer[-1] and "?" not in case.view.messages[number].text:
            continue  # how it ended
        for said in _sentences(parts.get(f"message:{number}"), language):
            own = _own_words(said, language)
            if own is None or left + len(own.text) > ISSUE_BUDGET:
                continue
            if is_later and (later >= LATER or not _asks(own)):
                continue
            later += is_later
            left += len(own.text)
            found.append(own)
    return found


def _own_words(said: Said, language: str) -> Said | None:
    """Without greeting, thanks and signature; None when nothing is left that says anything."""
    if small_talk(said.plain).is_all:
        return None
    own: Said | None = said
    for strip in (_without_address, without_small_talk):
        if own is not None:
            text = strip(own.text)
            start = own.text.find(text)
            own = own.cut(start, start + len(text)) if start >= 0 else own
    if own is None or get_draft_words(language).is_salutation(own.text):
        return None
    signed = _INITIALS.search(own.text)
    if signed and all(name.istitle() for name in signed[0].split()):
        own = own.cut(0, len(own.text[: signed.start()].rstrip()))
    return own if own is not None and _says(own) else None


def _without_address(text: str) -> str:
    return _HANDLE.sub("", text)


def _asks(said: Said) -> bool:
    return "?" in said.text or float(asks([said.plain])[0]) >= SURELY_ASKS


def _tells(said: Said) -> bool:
    """Not a question, and no thanks."""
    return not said.text.rstrip("\"') ").endswith("?") and _says(said)


def _says(said: Said) -> bool:
    """Whether anything is left of it without what is hidden."""
    return len(_LETTERS.findall(said.plain)) >= 2 and not small_talk(said.plain).is_all


def _steps(said: Said) -> list[Said]:
    """A sentence parted where its writer numbered the steps, drew arrows or put semicolons."""
    text = said.text
    for mark in (_NUMBERED, _ARROW):
        places = list(mark.finditer(text))
        if len(places) >= 2:
            return _parted(said, [(m.start(), m.end()) for m in places])
    if len(text) > LONG_STEP:
        parted = _parted(said, [(m.start(), m.end()) for m in _SEMICOLON.finditer(text)])
        if all(len(piece.text) >= SHORT_PIECE for piece in parted):
            return parted
    return [said]


def _parted(said: Said, gaps: Sequence[tuple[int, int]]) -> list[Said]:
    starts = [0, *(end for _, end in gaps)]
    ends = [*(start for start, _ in gaps), len(said.text)]
    cuts = (
        said.cut(start, start + len(said.text[start:end].rstrip(" ;,")))
        for start, end in zip(starts, ends, strict=True)
    )
    return [cut for cut in cuts if cut is not None and cut.text.strip()]


def phrases_of(pieces: CasePieces, most: int) -> list[Said]:
    """The customer's short ways to say it, with nothing hidden in them: titles to be found by."""
    language = pieces.case.view.language
    found = [
        said
        for said in pieces.issue
        if all(bit.kind is None for bit in said.bits)
        and len(said.text) <= KEYWORD
        and len(content_terms(said.text, language)) >= 2
    ]
    ranked = sorted(found, key=lambda said: -float(asks([said.plain])[0]))[:most]
    return [said for said in found if said in ranked]
