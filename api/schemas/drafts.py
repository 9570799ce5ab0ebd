"""Drafts made from cases, and what is there already about the same problem."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.cases import RedactionIn
from api.schemas.common import (
    MAX_BODY,
    FacetsIn,
    Input,
    Key,
    Language,
    Line,
    Name,
    Names,
    Output,
    Text,
)
from api.schemas.hits import permalink
from kb.actions.article_input import ArticleFields, TranslationInput
from kb.actions.drafts import MOST_CASES, DraftInput
from kb.assist.draft_article import ArticleDraft
from kb.assist.draft_cases import Corrections, DraftRedaction
from kb.assist.draft_pieces import DraftCase
from kb.assist.duplicates import Duplicate
from kb.domain import ArticleState, Audience, Facets, Governance, Pool
from kb.queries.cited import CitedArticle

Keys = Annotated[list[Key], Field(max_length=MOST_CASES)]


class DraftAskIn(Input):
    """What to make a draft of, beside the case itself."""

    cases: Keys = Field(default_factory=list, description="more cases with the same problem")
    language: Language | None = Field(None, description="left out: that of most of the cases")
    redactions: dict[Key, Annotated[list[RedactionIn], Field(max_length=2000)]] = Field(
        default_factory=dict,
        description="by case, all that is to be hidden of it in this draft; what is left out is"
        " shown. The cases stay as they are. Needs the permission cases.redact.",
    )
    generate: bool = Field(True, description="let the language model word it, where there is one")

    def corrections(self) -> Corrections:
        """What the draft takes."""
        return {
            case: [DraftRedaction(r.part, r.start, r.end, r.kind, r.state) for r in given]
            for case, given in self.redactions.items()
        }


class DraftSaveIn(Input):
    """The article to begin, as corrected by whoever made it."""

    cases: Annotated[list[Key], Field(min_length=1, max_length=MOST_CASES)]
    id: Key | None = Field(None, description="left out: made of the title")
    language: Language
    title: Annotated[Text, StringConstraints(min_length=1, max_length=300)]
    body: Annotated[Text, StringConstraints(min_length=1, max_length=MAX_BODY)]
    summary: Annotated[Text, StringConstraints(max_length=2000)] = ""
    keywords: Names = Field(default_factory=list)
    tags: Names = Field(default_factory=list)
    facets: FacetsIn = Field(default_factory=dict)
    audience: Audience = Audience.internal
    governance: Governance = Governance.experience
    owner: Name | None = None
    note: Line = ""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "cases": ["en-0002"],
                    "language": "en",
                    "title": "Locker PIN not received",
                    "body": "## Resolution\n\nCheck the number before you send it again.\n",
                }
            ]
        },
    )

    def to_input(self) -> DraftInput:
        """What the action takes."""
        text = TranslationInput(
            self.language, self.title, self.body, self.summary, self.keywords, self.note
        )
        fields = ArticleFields(
            original_language=self.language,
            audience=self.audience,
            governance=self.governance,
            tags=self.tags,
            facets=self.facets,
            owner=self.owner,
        )
        return DraftInput(self.cases, text, fields, self.id)


class LinkIn(Input):
    """The article that is about a case's problem."""

    article: Key


class DuplicatesIn(Input):
    """A text to look for: is there an article or a case about the same already?"""

    text: Annotated[Text, StringConstraints(min_length=1, max_length=MAX_BODY)]
    title: Line = ""
    language: Language | None = Field(None, description="left out: told from the text")
    languages: Annotated[list[Language], Field(max_length=40)] | None = None
    pools: Annotated[list[Pool], Field(min_length=1, max_length=2)] = Field(
        default=[Pool.article, Pool.case]
    )
    exclude: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^(article|case):", max_length=140)]],
        Field(max_length=50),
    ] = Field(default_factory=list, description="documents that are meant, as article:<id>")
    limit: Annotated[int, Field(ge=1, le=20)] = 5

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"text": "The locker is empty.", "language": "en"}]},
    )


class DuplicateOut(Output):
    """A document that may be about the same problem."""

    pool: str
    id: str
    document: str
    language: str
    other_languages: list[str]
    title: str
    text: str = Field(description="the passage that is nearest, Markdown")
    permalink: str
    audience: str
    trust: str
    outcome: str | None
    probability: float = Field(description="that it is the same problem, 0 to 1")
    likely: bool = Field(description="surely enough to ask: improve it, link it, or write anew")


class CitedOut(Output):
    """An article that the case cites already."""

    id: str
    title: str
    language: str
    state: ArticleState
    audience: Audience


class SimilarOut(Output):
    """What is there already about the same problem, the most probable first."""

    language: str
    duplicates: list[DuplicateOut]
    cited: list[CitedOut] = Field(default=[], description="articles that the case is linked with")


class DraftMaskOut(Output):
    """Characters [start, end) of a field hide [raw_start, raw_end) of a part of a raw case."""

    field: str = Field(examples=["body"])
    start: int
    end: int
    kind: str
    case: str
    part: str
    raw_start: int
    raw_end: int


class DraftSourceOut(Output):
    """Characters [start, end) of the body come from [raw_start, raw_end) of a raw case's part."""

    section: str = Field(examples=["resolution"])
    start: int
    end: int
    case: str
    part: str
    raw_start: int
    raw_end: int


class DraftRedactionOut(Output):
    """What is hidden of a case in this draft; send all of them back with a correction."""

    part: str
    start: int
    end: int
    kind: str
    state: str


class DraftOut(Output):
    """A draft to look at. Nothing of it is saved."""

    language: str
    title: str
    titles: list[str] = Field(description="others to choose from")
    summary: str
    keywords: list[str] = Field(description="the customers' own ways to say it")
    body: str
    tags: list[str]
    facets: Facets
    audience: Audience
    cases: list[str]
    left_out: list[str] = Field(description="cases in other languages: linked, but not quoted")
    generated: bool = Field(description="a language model worded it; every sentence is backed")
    dropped: list[str] = Field(description="sentences of the model that no case backs")
    masks: list[DraftMaskOut]
    sources: list[DraftSourceOut]
    redactions: dict[str, list[DraftRedactionOut]]
    duplicates: list[DuplicateOut]
    cited: list[CitedOut]


def duplicate_out(found: Duplicate, public_url: str) -> DuplicateOut:
    """A duplicate as the API gives it."""
    hit = found.hit
    return DuplicateOut(
        pool=hit.pool,
        id=hit.document_id,
        document=found.document,
        language=hit.language,
        other_languages=list(hit.other_languages),
        title=hit.title,
        text=hit.text,
        permalink=permalink(public_url, hit),
        audience=hit.audience,
        trust=hit.trust,
        outcome=hit.outcome,
        probability=round(found.probability, 4),
        likely=found.likely,
    )


def cited_out(found: CitedArticle) -> CitedOut:
    """An article in a line."""
    return CitedOut.model_validate(found, from_attributes=True)


def draft_out(
    draft: ArticleDraft,
    cases: list[DraftCase],
    duplicates: list[DuplicateOut],
    cited: list[CitedOut],
) -> DraftOut:
    """A draft as the API gives it, with what is there already."""
    own = set(DraftOut.model_fields) - {"masks", "sources", "redactions", "duplicates", "cited"}
    return DraftOut(
        **{name: getattr(draft, name) for name in own},
        masks=[DraftMaskOut.model_validate(m, from_attributes=True) for m in draft.masks],
        sources=[DraftSourceOut.model_validate(s, from_attributes=True) for s in draft.sources],
        redactions={
            case.view.id: [
                DraftRedactionOut.model_validate(row, from_attributes=True)
                for row in case.redactions.redactions
            ]
            for case in cases
        },
        duplicates=duplicates,
        cited=cited,
    )
