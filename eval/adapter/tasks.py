"""Draws batches: questions, and for each the one candidate that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from eval.adapter.material import LANGUAGES, HelpPage, Material, OwnArticle, Snippet
from kb.encoders.packaged import PROMPTS

QUERY, PASSAGE = PROMPTS["query"], PROMPTS["passage"]
WEIGHTS: Mapping[str, float] = {
    "dstc9": 24,
    "lines": 18,
    "pages": 22,
    "content": 12,
    "tau": 8,
    "intents": 16,
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Candidate i answers query i; candidates after those answer none. Prompts included.

    `ignored` (queries, candidates): candidates that may be right as well, so count neither way.
    `both_ways`: the candidates are to find their queries, too.
    """

    task: str
    queries: list[str]
    candidates: list[str]
    ignored: NDArray[np.bool_] | None = None
    both_ways: bool = True


class Sampler:
    """Endless batches of a material, the same ones for the same seed."""

    def __init__(
        self, material: Material, seed: int, weights: Mapping[str, float] = WEIGHTS
    ) -> None:
        self._material = material
        self._random = Random(seed)
        self._weights = weights
        self._anchors = material.anchors()
        self._draw: Mapping[str, Callable[[], Batch]] = {
            "dstc9": self._dstc9,
            "lines": self._lines,
            "pages": self._pages,
            "content": self._content,
            "tau": self._tau,
            "intents": self._intents,
        }

    def batch(self) -> Batch:
        """One batch of a task chosen by the weights."""
        (name,) = self._random.choices(list(self._weights), list(self._weights.values()))
        return self._draw[name]()

    def anchors(self, count: int = 12) -> list[str]:
        """Texts of one language and one kind, to hold the vectors by."""
        language = self._random.choice(LANGUAGES)
        prompt = self._random.choice([QUERY, PASSAGE])
        texts = self._anchors[language]
        return [prompt + text[:250] for text in self._random.sample(texts, min(count, len(texts)))]

    def _dstc9(self) -> Batch:
        """A question to its snippet among those of its entity, three of which are drawn in."""
        random, found = self._random, self._material
        queries, right, wrong = [], [], []
        for question in random.sample(found.questions, min(8, len(found.questions))):
            snippets = found.snippets[question.entity]
            answer = next(one for one in snippets if one.id == question.answer)
            others = [one for one in snippets if one.title != answer.title]
            wrong += random.sample(others, min(3, len(others)))
            queries.append(QUERY + random.choice(question.wordings))
            right.append(answer)
        by_title = random.random() < 0.3
        drawn = [*right, *wrong]
        ignored = np.array(
            [
                [place != row and one.title == answer.title for place, one in enumerate(drawn)]
                for row, answer in enumerate(right)
            ]
        )
        candidates = [_worded(one, by_title) for one in drawn]
        return Batch("dstc9", queries, candidates, ignored, both_ways=False)

    def _lines(self) -> Batch:
        """A sentence to itself in another language."""
        random = self._random
        kinds = [(QUERY, PASSAGE), (PASSAGE, PASSAGE), (QUERY, QUERY), (PASSAGE, QUERY)]
        first, second = random.choice(kinds)
        queries, candidates = [], []
        pages = [page for page in self._material.pages if page.lines]
        for page in random.sample(pages, min(20, len(pages))):
            line = random.choice(page.lines)
            one, other = random.sample(list(line), 2)
            queries.append(first + line[one])
            candidates.append(second + line[other])
        return Batch("lines", queries, candidates)

    def _pages(self) -> Batch:
        """A title, or terms of the index, to a piece of the page, mostly in another language."""
        pages = self._random.sample(self._material.pages, min(18, len(self._material.pages)))
        pairs = [self._page_pair(page) for page in pages]
        return Batch("pages", [asked for asked, _ in pairs], [piece for _, piece in pairs])

    def _page_pair(self, page: HelpPage) -> tuple[str, str]:
        random = self._random
        one, other = self._two_languages(same=0.3)
        asked = page.titles[one]
        if one in page.keywords and random.random() < 0.6:
            terms = [term.strip() for term in page.keywords[one].split(",")]
            random.shuffle(terms)
            asked = ", ".join(terms[: random.randint(1, len(terms))])
        if random.random() < 0.15:
            return QUERY + asked, QUERY + page.titles[other]
        pieces = page.chunks[other] or [""]
        piece = pieces[0] if random.random() < 0.6 else random.choice(pieces)
        return QUERY + asked, f"{PASSAGE}{page.titles[other]}\n{piece}"

    def _content(self) -> Batch:
        """A customer's question, a title or a keyword to its article."""
        pairs = [self._article_pair(article) for article in self._material.articles]
        return Batch("content", [asked for asked, _ in pairs], [piece for _, piece in pairs])

    def _article_pair(self, article: OwnArticle) -> tuple[str, str]:
        random = self._random
        one, other = self._two_languages(same=0.35)
        chance = random.random()
        if chance < 0.6 and article.questions[one]:
            asked = random.choice(article.questions[one])
        elif chance < 0.75:
            asked = article.titles[one]
        else:
            asked = random.choice(article.keywords[one])
        if random.random() < 0.25:
            title = random.random() < 0.5
            found = article.titles[other] if title else random.choice(article.keywords[other])
            return QUERY + asked, QUERY + found
        summary = f"{article.titles[other]}\n{article.summaries[other]}"
        pieces = [*article.chunks[other][:3], summary, summary]
        return QUERY + asked, PASSAGE + random.choice(pieces)

    def _tau(self) -> Batch:
        """A title to a piece of its document."""
        found = self._material.procedures
        drawn = self._random.sample(found, min(18, len(found)))
        ignored = np.array(
            [[a is not b and a.document == b.document for b in drawn] for a in drawn]
        )
        queries = [QUERY + one.title for one in drawn]
        return Batch("tau", queries, [PASSAGE + one.chunk for one in drawn], ignored)

    def _intents(self) -> Batch:
        """What a customer says to what another says who wants the same."""
        random = self._random
        intents = random.choice(self._material.intents)
        chosen = random.sample(list(intents), min(24, len(intents)))
        prompt = random.choice([QUERY, PASSAGE])
        pairs = [random.sample(intents[name], 2) for name in chosen]
        queries = [QUERY + one for one, _ in pairs]
        return Batch("intents", queries, [prompt + other for _, other in pairs])

    def _two_languages(self, same: float) -> tuple[str, str]:
        one, other = self._random.sample(LANGUAGES, 2)
        return (one, one) if self._random.random() < same else (one, other)


def _worded(snippet: Snippet, by_title: bool) -> str:
    return QUERY + snippet.title if by_title else PASSAGE + snippet.passage
