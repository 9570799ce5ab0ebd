"""From solved cases to the draft of an article, without a language model.

The draft is made of the cases' own sentences: what the customer said, where it applied, why it
was so, what was tried and what solved it. Every sentence knows the characters of the raw case it
comes from, and where something personal is hidden in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from kb.assist.draft_pieces import Bit, CasePieces, DraftCase, Said, phrases_of, read_pieces
from kb.assist.draft_words import get_draft_words
from kb.assist.turns import content_terms
from kb.domain import Audience, Facets
from kb.errors import InvalidInput
from kb.text.terms import base_language

ALIKE = 0.6  # share of content terms from which two sentences say the same
KEYWORDS = 5
TITLE = 120  # characters of a title at most
SUMMARY = 240
TITLES = 5
MOST_CASES = 20
SECTIONS = ("issue", "environment", "cause", "tried", "resolution", "related")
_REPLY = re.compile(r"^\s*(?:(?:re|fw|fwd|odp|pd|vs|vá|tárgy|subject)\s*:\s*)+", re.IGNORECASE)
_LOOSE = " ,;:–—-/|.…"
_EMPTY = re.compile(r"\(\s*\)|\[\s*\]|„\s*”|\"\s*\"")
_MARKDOWN = re.compile(r"([\\`*_\[\]#])")
_LINE_START = re.compile(r"^(\d{1,9})([.)])(?=\s|$)|^([-+=>])")


@dataclass(frozen=True, slots=True)
class DraftMask:
    """Characters [start, end) of a field hide characters [raw_start, raw_end) of a case's part.

    `field` is "title", "summary", "body" or "keyword:<n>".
    """

    field: str
    start: int
    end: int
    kind: str
    case: str
    part: str
    raw_start: int
    raw_end: int


@dataclass(frozen=True, slots=True)
class DraftSource:
    """Characters [start, end) of the body come from [raw_start, raw_end) of a case's part."""

    section: str
    start: int
    end: int
    case: str
    part: str
    raw_start: int
    raw_end: int


@dataclass(frozen=True, slots=True)
class ArticleDraft:
    """What an article from these cases could say. Nothing of it is saved.

    `titles` are other titles to choose from. `dropped` are sentences of a language model that no
    case backs. `left_out` are cases in other languages, of which nothing is quoted.
    """

    language: str
    title: str
    titles: tuple[str, ...]
    summary: str
    keywords: tuple[str, ...]
    body: str
    tags: tuple[str, ...]
    facets: Facets
    audience: Audience
    cases: tuple[str, ...]
    articles: tuple[str, ...]
    masks: tuple[DraftMask, ...]
    sources: tuple[DraftSource, ...]
    left_out: tuple[str, ...] = ()
    generated: bool = False
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading's content: sentences, each a line of its own."""

    name: str
    said: tuple[Said, ...]


@dataclass
class _Body:
    """Markdown that grows, with where its sentences come from."""

    text: str = ""
    sources: list[DraftSource] = field(default_factory=list)
    masks: list[DraftMask] = field(default_factory=list)

    def line(self, text: str = "") -> None:
        self.text += f"{text}\n"

    def say(self, section: str, lead: str, said: Said, *, capital: bool = True) -> None:
        self.text += lead
        start = len(self.text)
        for place, bit in enumerate(said.bits):
            at = len(self.text)
            opens = place == 0
            text = bit.text[:1].upper() + bit.text[1:] if opens and capital else bit.text
            self.text += bit.text if bit.kind else escaped(text, opens=opens)
            if bit.kind:
                mask = (at, len(self.text), bit.kind, said.case, said.part, bit.start, bit.end)
                self.masks.append(DraftMask("body", *mask))
        origin = (said.case, said.part, said.start, said.end)
        self.sources.append(DraftSource(section, start, len(self.text), *origin))
        self.text += "\n"


def draft_from_case(
    cases: Sequence[DraftCase], language: str | None = None
) -> tuple[ArticleDraft, tuple[Section, ...]]:
    """The draft of one article from cases with the same problem, and its sections.

    Written in `language`, else in that of most cases; only cases in it are quoted. Raises
    InvalidInput without a case or where none of them says how it was solved.
    """
    if not 0 < len(cases) <= MOST_CASES:
        raise InvalidInput(f"Give one to {MOST_CASES} cases to write about.")
    language = language or _most_common([case.view.language for case in cases])
    own = [c for c in cases if base_language(c.view.language) == base_language(language)]
    if not any(case.view.resolution.strip() for case in own):
        raise InvalidInput(
            f"None of these cases says in {language} how it was solved: note that first, or take"
            " another language."
        )
    pieces = [read_pieces(case) for case in own]
    sections = sections_of(pieces)
    titles = _titles(pieces)
    body = write_body(sections, [case for case in cases], language)
    keywords = _keywords(pieces, titles[0] if titles else "")
    draft = ArticleDraft(
        language=language,
        title=titles[0] if titles else "",
        titles=tuple(titles[1 : TITLES + 1]),
        summary=_summary(sections),
        keywords=keywords,
        body=body.text.strip() + "\n",
        tags=tuple(shared_facets(cases).get("topic", ())),
        facets=shared_facets(cases),
        audience=Audience.internal,  # it is told in the words of colleagues
        cases=tuple(case.view.id for case in cases),
        articles=tuple(dict.fromkeys(key for case in cases for key in case.view.articles)),
        masks=tuple(body.masks),
        sources=tuple(body.sources),
        left_out=tuple(case.view.id for case in cases if case not in own),
    )
    return draft, sections


def with_links(draft: ArticleDraft, titles: Sequence[tuple[str, str]]) -> ArticleDraft:
    """The draft with links to related articles, given as (key, title), at its end."""
    if not titles:
        return draft
    heading = get_draft_words(draft.language).headings["related"]
    links = "".join(f"- [{escaped(title)}](article:{key})\n" for key, title in titles)
    return replace(draft, body=f"{draft.body}\n## {heading}\n\n{links}")


def sections_of(pieces: Sequence[CasePieces]) -> tuple[Section, ...]:
    """The sentences of all cases by section; what says the same is said once."""
    language = pieces[0].case.view.language
    named = (
        ("issue", [said for one in pieces for said in one.issue]),
        ("cause", [said for one in pieces for said in one.cause]),
        ("tried", [said for one in pieces for said in one.tried]),
        ("resolution", [said for one in pieces for said in one.resolution]),
    )
    return tuple(Section(name, tuple(_once(said, language))) for name, said in named)


def write_body(sections: Sequence[Section], cases: Sequence[DraftCase], language: str) -> _Body:
    """Markdown: the customer's words quoted, facts as a list, what to do as steps."""
    words = get_draft_words(language)
    body = _Body()
    for section in sections:
        if section.said:
            body.line(f"## {words.headings[section.name]}\n")
            _WRITERS[section.name](body, section)
            body.line()
        if section.name == "issue":
            body.line(f"## {words.headings['environment']}\n")
            for name, values in _environment(cases, language):
                body.line(f"- {escaped(name)}: {escaped(', '.join(values))}")
            body.line()
    return body


def shared_facets(cases: Sequence[DraftCase]) -> Facets:
    """What all cases have in common."""
    shared: Facets = {}
    for name, values in cases[0].view.facets.items():
        held = [v for v in values if all(v in c.view.facets.get(name, ()) for c in cases)]
        if held:
            shared[name] = held
    return shared


def escaped(text: str, *, opens: bool = True) -> str:
    """The text as Markdown that shows it as it is; `opens` when it begins a line."""
    one_line = re.sub(r"\s*\n\s*", " ", text)
    marked = _MARKDOWN.sub(r"\\\1", one_line.replace("&", "&amp;").replace("<", "&lt;"))
    return _LINE_START.sub(_escaped_start, marked) if opens else marked


def _escaped_start(match: re.Match[str]) -> str:
    return f"{match[1]}\\{match[2]}" if match[1] else f"\\{match[3]}"


def _quoted(body: _Body, section: Section) -> None:
    for place, said in enumerate(section.said):
        if place:
            body.line(">")
        body.say(section.name, "> ", said, capital=False)


def _paragraphs(body: _Body, section: Section) -> None:
    for place, said in enumerate(section.said):
        if place:
            body.line()
        body.say(section.name, "", said)


def _steps(body: _Body, section: Section) -> None:
    """Numbered; what ends with a colon leads the steps after it."""
    number = 1
    for said in section.said:
        if said.text.rstrip().endswith(":"):
            if number > 1:
                body.line()
            body.say(section.name, "", said)
            body.line()
            number = 1
            continue
        lead = f"{number}. " if len(section.said) > 1 else ""
        body.say(section.name, lead, said)
        number += 1


_WRITERS = {"issue": _quoted, "cause": _paragraphs, "tried": _paragraphs, "resolution": _steps}


def _environment(cases: Sequence[DraftCase], language: str) -> list[tuple[str, list[str]]]:
    """Facets and channels with their values, each once, named in the language."""
    words = get_draft_words(language)
    found: dict[str, dict[str, None]] = {}
    for case in cases:
        for name, values in case.view.facets.items():
            found.setdefault(name, {}).update(dict.fromkeys(values))
    rows = [
        (words.facets.get(name, name), [_named(name, value, language) for value in values])
        for name, values in found.items()
    ]
    channels = dict.fromkeys(words.channels[str(case.view.channel)] for case in cases)
    return [*rows, (words.facets["channel"], list(channels))]


def _named(facet: str, value: str, language: str) -> str:
    """A country by its name; other values as they are."""
    if facet != "country":
        return value
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(base_language(language)).territories.get(value.upper(), value))
    except (ValueError, UnknownLocaleError):
        return value


def _titles(pieces: Sequence[CasePieces]) -> list[str]:
    """Subjects that say what it is about, then the customers' own short sentences."""
    language = pieces[0].case.view.language
    subjects = [title for one in pieces if (title := _title(one.subject, language))]
    said = [_title(phrase, language) for one in pieces for phrase in phrases_of(one, KEYWORDS)]
    told = [title for title in subjects if len(content_terms(title, language)) >= 2]
    short = [title for title in subjects if title not in told]
    return list(dict.fromkeys([*told, *filter(None, said), *short]))


def _title(said: Said | None, language: str) -> str:
    """What stands there without what is hidden, without "Re:" and loose punctuation."""
    if said is None:
        return ""
    text = _REPLY.sub("", " ".join(_gapped(said.bits).split()))
    text = _EMPTY.sub("", text)
    text = re.sub(r"\s+([,;:.!?])", r"\1", text).strip(_LOOSE)
    text = get_draft_words(language).without_greeting(text)
    if len(text) > TITLE:
        text = f"{text[:TITLE].rsplit(' ', 1)[0]} …"
    return text[:1].upper() + text[1:]


def _gapped(bits: Iterable[Bit]) -> str:
    return "".join(" " if bit.kind else bit.text for bit in bits)


def _summary(sections: Sequence[Section]) -> str:
    """The first thing to do that has nothing hidden in it."""
    steps = next(s.said for s in sections if s.name == "resolution")
    for said in steps:
        text = " ".join(said.text.split())
        if len(text) <= SUMMARY and not text.endswith(":") and not any(b.kind for b in said.bits):
            return text[:1].upper() + text[1:]
    return ""


def _keywords(pieces: Sequence[CasePieces], title: str) -> tuple[str, ...]:
    words = get_draft_words(pieces[0].case.view.language)
    found = [
        words.without_greeting(" ".join(said.text.split())).strip(_LOOSE + "?!")
        for one in pieces
        for said in phrases_of(one, KEYWORDS)
    ]
    own = [phrase for phrase in dict.fromkeys(found) if phrase.lower() != title.lower()]
    return tuple(own[: KEYWORDS * 2])


def _once(said: Iterable[Said], language: str) -> list[Said]:
    """Without sentences that say what one before them said."""
    kept: list[tuple[Said, frozenset[str]]] = []
    for one in said:
        terms = frozenset(content_terms(one.plain, language))
        if not any(_alike(terms, other) for _, other in kept):
            kept.append((one, terms))
    return [one for one, _ in kept]


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    return bool(first) and len(first & second) >= ALIKE * len(first | second)


def _most_common(values: Sequence[str]) -> str:
    return max(dict.fromkeys(values), key=values.count)
