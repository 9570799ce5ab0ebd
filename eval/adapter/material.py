"""What the adapter learns from: texts that belong together, by set, without their prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LANGUAGES = ("en", "pl", "cs", "sl", "hu")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A question and its answer about one entity; `passage` is both, title first."""

    id: str
    title: str
    passage: str


@dataclass(frozen=True, slots=True)
class EntityQuestion:
    """The end of a dialog about `entity`, as search gets it (text, focus), and its snippet."""

    wordings: tuple[str, str]
    answer: str
    entity: str


@dataclass(frozen=True, slots=True)
class HelpPage:
    """A help page by language. `lines`: sentences that stand in the same place, by language.

    `keywords`: the terms of the index that lead to it, with commas; empty where it has none.
    """

    titles: Mapping[str, str]
    chunks: Mapping[str, Sequence[str]]
    keywords: Mapping[str, str]
    lines: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class OwnArticle:
    """An article of `content/` by language, with the calibration questions it answers."""

    titles: Mapping[str, str]
    summaries: Mapping[str, str]
    keywords: Mapping[str, Sequence[str]]
    chunks: Mapping[str, Sequence[str]]
    questions: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Procedure:
    """A piece of a support document: its title leads to it."""

    title: str
    chunk: str
    document: str


@dataclass(frozen=True, slots=True)
class Material:
    """All of it. `intents`: per set, utterances by intent. `turns`: what customers say."""

    questions: Sequence[EntityQuestion]
    snippets: Mapping[str, Sequence[Snippet]]
    pages: Sequence[HelpPage]
    articles: Sequence[OwnArticle]
    procedures: Sequence[Procedure]
    intents: Sequence[Mapping[str, Sequence[str]]]
    turns: Sequence[str]

    def anchors(self) -> dict[str, list[str]]:
        """By language, texts of all kinds whose vectors are to stay about where they were."""
        found: dict[str, list[str]] = {}
        for language in LANGUAGES:
            lines = [line[language] for p in self.pages for line in p.lines if language in line]
            chunks = [chunk for article in self.articles for chunk in article.chunks[language]]
            found[language] = lines + chunks
        asked = [text for texts in self.intents[-1].values() for text in texts[:8]]
        found["en"] += [*self.turns, *asked]
        return found
