"""Near-duplicates: articles and cases that are about the same problem, in any language.

Search finds the candidates, by the text as a whole and by its title, within what the reader may
see. Whether a candidate is the same problem, and not only near it, is a probability of its own: a
logistic regression on the candidate's figures, one for articles and one for cases, each for short
texts and for letters, with a term for each pair of languages. They are learned by `python -m
eval.learn_duplicates` and packaged in `weights/duplicates.json`. How well they tell is in
`docs/results/duplicates.md`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

import orjson

from kb.domain import Audience, Facets, Pool, Role
from kb.ports import Vectors
from kb.queries.cases import CaseView
from kb.search.calibrate import Figures
from kb.search.search import Searcher
from kb.search.types import Hit, SearchQuery

NAMES = ("score", "body", "title", "words", "lead", "behind")
TEXT_BUDGET = 1600  # characters of the text that are compared
FOCUS_BUDGET = 320
LETTER = 600  # characters from which a text is a letter: its figures mean something else
LIMIT = 5
MOST_LEAD = 0.1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What duplicates are looked for: a text with its title, if it has one.

    `exclude` names documents that are no duplicates of themselves, as "article:<id>" or
    "case:<id>". `scope` is what the reader may see of each facet.
    """

    text: str
    language: str
    title: str = ""
    reader: Audience = Audience.internal
    pools: frozenset[Pool] = frozenset({Pool.article, Pool.case})
    languages: frozenset[str] | None = None
    scope: Facets = field(default_factory=dict)
    exclude: frozenset[str] = frozenset()
    limit: int = LIMIT


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A document that may be about the same problem.

    `probability` in [0, 1] is that it is; `likely` when that reaches the threshold at which, on
    the development sets, so many of the proposals were right as `eval.learn_duplicates` asks for.
    """

    hit: Hit
    probability: float
    likely: bool

    @property
    def document(self) -> str:
        return f"{self.hit.pool}:{self.hit.document_id}"


@dataclass(frozen=True, slots=True)
class Sameness:
    """`pairs` adds to the intercept for "cs>hu"; `same` and `other` serve pairs not listed."""

    intercept: float
    weights: tuple[float, ...]
    pairs: Mapping[str, float]
    same: float
    other: float
    threshold: float

    def probability(self, row: Sequence[float], language: str, other_language: str) -> float:
        """In (0, 1); `row` is that of `figures_row`."""
        fallback = self.same if language == other_language else self.other
        total = self.intercept + self.pairs.get(f"{language}>{other_language}", fallback)
        total += sum(weight * x for weight, x in zip(self.weights, row, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def find_duplicates(
    searcher: Searcher, wanted: Wanted, vectors: Vectors | None = None
) -> tuple[Duplicate, ...]:
    """At most `wanted.limit` of each pool, the most probable first.

    `vectors` (2, dim) are those of `search_texts`, where they are known. Without an encoder that
    answers, words alone are compared. Raises DatabaseError when SQL is away.
    """
    text, focus = search_texts(wanted.title, wanted.text)
    query = SearchQuery(
        text,
        wanted.language,
        focus=focus,
        reader=wanted.reader,
        pools=frozenset(map(str, wanted.pools)),
        languages=wanted.languages,
        scope=wanted.scope,
        limit=wanted.limit + len(wanted.exclude),
    )
    found: list[Duplicate] = []
    for pool, page in searcher.search_apart(query, vectors).items():
        hits = [h for h in page.hits if f"{h.pool}:{h.document_id}" not in wanted.exclude]
        sameness = packaged_sameness(model_name(pool, text))
        rows = figure_rows(hits)
        for hit, row in zip(hits[: wanted.limit], rows, strict=False):
            chance = sameness.probability(row, wanted.language, hit.language)
            found.append(Duplicate(hit, chance, chance >= sameness.threshold))
    return tuple(sorted(found, key=lambda d: (-d.probability, d.document)))


def search_texts(title: str, text: str) -> tuple[str, str]:
    """What is searched for as a whole, and its focus: the title, else how the text begins."""
    whole = " ".join(f"{title}\n{text}".split())[:TEXT_BUDGET]
    return whole, " ".join(title.split())[:FOCUS_BUDGET] or whole[:FOCUS_BUDGET]


def case_text(case: CaseView) -> tuple[str, str]:
    """Title and text of a case to look for others like it: its subject, the customer's words."""
    said = [m.text.strip() for m in case.messages if m.role == Role.customer and m.text.strip()]
    return case.subject, "\n".join([*said, case.resolution.strip()])


def model_name(pool: str, text: str) -> str:
    """Which of the packaged regressions judges candidates of this pool for this whole text."""
    return f"{pool}.{'letter' if len(text) > LETTER else 'short'}"


def figure_rows(hits: Sequence[Hit]) -> list[list[float]]:
    """A row of `NAMES` for each hit of one pool, best first."""
    scores = [_score(hit) for hit in hits]
    rows = []
    for place, hit in enumerate(hits):
        others = scores[:place] + scores[place + 1 :]
        margin = scores[place] - max(others) if others else MOST_LEAD
        figures = hit.figures or Figures(0.0, 0.0, 0.0, 0.0, 0.0)
        rows.append(
            [
                figures.score,
                figures.body,
                figures.title,
                min(figures.words, 1.5),
                min(MOST_LEAD, max(0.0, margin)),
                max(-MOST_LEAD, min(0.0, margin)),
            ]
        )
    return rows


@lru_cache(maxsize=4)
def packaged_sameness(name: str) -> Sameness:
    """The one shipped under a name of `model_name`."""
    data = (resources.files("kb.assist") / "weights" / "duplicates.json").read_bytes()
    stored = orjson.loads(data)[name]
    return Sameness(
        stored["intercept"],
        tuple(stored["weights"][name] for name in NAMES),
        stored["pairs"],
        stored["same"],
        stored["other"],
        stored["threshold"],
    )


def _score(hit: Hit) -> float:
    return hit.figures.score if hit.figures else 0.0
