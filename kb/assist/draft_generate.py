"""A draft worded by the language model, where every sentence traces back to the cases.

The model is given numbered pieces and says, line by line, which of them it words. A line that its
own pieces do not back is dropped, and what no line words stays in its own words, so that nothing
is added and nothing is lost. What the customer said is never reworded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.assist.draft_article import ArticleDraft, Section, write_body
from kb.assist.draft_pieces import Bit, DraftCase, Said
from kb.assist.prompts import fill_prompt
from kb.assist.support import supported
from kb.errors import GeneratorError
from kb.ports import Encoder, Generator
from kb.text.phrases import get_phrases
from kb.text.terms import base_language

PIECES = 40  # given to the model
PIECE = 400  # characters of each
TITLE = 120
TITLE_NEAR = 0.85  # a title is far shorter than what it is the title of
_KINDS = {"CAUSE": "cause", "TRIED": "tried", "STEP": "resolution"}
_LINE = re.compile(r"^\W*(TITLE|CAUSE|TRIED|STEP)\s*\[([\d,;\s]+)\]\s*:?\s*(\S.*)$", re.MULTILINE)
_MASK = re.compile(r"\[[^\[\]]+\]")


@dataclass(frozen=True, slots=True)
class _Piece:
    section: str
    said: Said

    @property
    def text(self) -> str:
        return " ".join(self.said.text.split())


@dataclass(frozen=True, slots=True)
class _Worded:
    """A line of the model with the numbers of the pieces it words, from 0."""

    kind: str
    rows: tuple[int, ...]
    text: str


def worded_draft(
    draft: ArticleDraft,
    sections: Sequence[Section],
    cases: Sequence[DraftCase],
    generator: Generator,
    encoder: Encoder,
) -> ArticleDraft:
    """The draft in the model's words as far as the cases back them; the same draft when it fails.

    Raises EncoderError, no GeneratorError.
    """
    pieces = [_Piece(s.name, said) for s in sections for said in s.said][:PIECES]
    prompt = fill_prompt(
        "draft",
        language=get_phrases("en").names.get(base_language(draft.language), draft.language),
        pieces="\n".join(f"{n}. ({p.section}) {p.text[:PIECE]}" for n, p in enumerate(pieces, 1)),
    )
    try:
        lines = _lines(generator.generate(prompt), len(pieces))
    except GeneratorError:
        return draft
    kept = _backed(lines, pieces, encoder, draft.language)
    dropped = tuple(line.text for line in lines if line not in kept)
    if not kept:
        return replace(draft, dropped=dropped)
    worded = [_reworded(section, pieces, kept) for section in sections]
    body = write_body(worded, cases, draft.language)
    titles = [line.text.strip(" .") for line in kept if line.kind == "TITLE"]
    title = titles[0] if titles else draft.title
    others = [t for t in (draft.title, *draft.titles) if t and t != title]
    return replace(
        draft,
        title=title,
        titles=tuple(others),
        body=body.text.strip() + "\n",
        masks=tuple(body.masks),
        sources=tuple(body.sources),
        generated=True,
        dropped=dropped,
    )


def _lines(answer: str, count: int) -> list[_Worded]:
    """The lines that name pieces that there are."""
    found = []
    for kind, numbers, text in _LINE.findall(answer.replace("\0", " ")):
        rows = tuple(dict.fromkeys(int(n) - 1 for n in re.findall(r"\d{1,3}", numbers)))
        found.append(_Worded(kind, rows if all(r < count for r in rows) else (), text.strip()))
    return found


def _backed(
    lines: Sequence[_Worded], pieces: Sequence[_Piece], encoder: Encoder, language: str
) -> list[_Worded]:
    if not lines:
        return []
    vectors = encoder.encode([*(x.text for x in lines), *(p.text for p in pieces)], "passage")
    own, given = vectors[: len(lines)], vectors[len(lines) :]
    kept = []
    for line, vector in zip(lines, own, strict=True):
        rows = [row for row in line.rows if row >= 0 and _fits(line, pieces[row])]
        texts = [pieces[row].text for row in rows]
        masks = {mask for text in texts for mask in _MASK.findall(text)}
        if not rows or len(rows) < len(line.rows) or not set(_MASK.findall(line.text)) <= masks:
            continue
        is_title = line.kind == "TITLE"
        if is_title and (len(line.text) > TITLE or masks & set(_MASK.findall(line.text))):
            continue
        near = {"near": TITLE_NEAR} if is_title else {}
        if supported(line.text, vector, texts, given[rows], language, **near):
            kept.append(line)
    return kept


def _fits(line: _Worded, piece: _Piece) -> bool:
    """A line may word pieces of its own section; a title any."""
    return line.kind == "TITLE" or _KINDS[line.kind] == piece.section


def _reworded(section: Section, pieces: Sequence[_Piece], lines: Sequence[_Worded]) -> Section:
    """The section with each line in place of the pieces it words; the others stay."""
    own = [line for line in lines if _KINDS.get(line.kind) == section.name]
    if not own:
        return section
    worded = {row for line in own for row in line.rows}
    places = [(min(line.rows), _as_said(line, pieces)) for line in own]
    places += [
        (row, piece.said)
        for row, piece in enumerate(pieces)
        if piece.section == section.name and row not in worded
    ]
    beyond = section.said[sum(piece.section == section.name for piece in pieces) :]
    ordered = [said for _, said in sorted(places, key=lambda place: place[0])]
    return Section(section.name, (*ordered, *beyond))


def _as_said(line: _Worded, pieces: Sequence[_Piece]) -> Said:
    """The line with the origin of its first piece, its masks being those of its pieces."""
    source = pieces[line.rows[0]].said
    hidden = {b.text: b for row in line.rows for b in pieces[row].said.bits if b.kind}
    bits, at = [], 0
    for match in _MASK.finditer(line.text):
        bit = hidden.get(match[0])
        if bit is None:
            continue
        if match.start() > at:
            bits.append(Bit(line.text[at : match.start()], source.start, source.end))
        bits.append(bit)
        at = match.end()
    if at < len(line.text):
        bits.append(Bit(line.text[at:], source.start, source.end))
    return Said(source.case, source.part, tuple(bits))
