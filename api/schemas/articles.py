"""Articles: read and written whole."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.common import (
    MAX_BODY,
    Count,
    FacetsIn,
    Input,
    Key,
    Language,
    Line,
    Moment,
    Name,
    Names,
    Output,
    Text,
    Words,
)
from kb.actions.article_input import ArticleFields, ArticleInput, TranslationInput
from kb.domain import ArticleState, Audience, Facets, Governance, Trust
from kb.queries.articles import ArticleView


class TranslationIn(Input):
    """The text in one language; the body is Markdown."""

    language: Language
    title: Annotated[Text, StringConstraints(min_length=1, max_length=300)]
    body: Annotated[Text, StringConstraints(min_length=1, max_length=MAX_BODY)]
    summary: Annotated[Text, StringConstraints(max_length=2000)] = ""
    keywords: Names = Field(default_factory=list)
    note: Line = Field("", description="why it was changed; kept with the revision")


class ArticleIn(Input):
    """A whole article. Languages not given stay as they are."""

    original_language: Language
    audience: Audience = Audience.internal
    trust: Trust = Trust.not_validated
    governance: Governance = Governance.experience
    tags: Names = Field(default_factory=list)
    facets: FacetsIn = Field(default_factory=dict)
    owner: Name | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    review_by: Moment | None = None
    state: ArticleState | None = Field(
        None, description="left out: stays; published also publishes the texts given here"
    )
    translations: Annotated[list[TranslationIn], Field(min_length=1, max_length=40)]
    expected_version: Count | None = Field(
        None, description="refuse (409) when the article has another version by now"
    )

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "original_language": "en",
                    "audience": "public",
                    "state": "published",
                    "facets": {"product": ["locker"]},
                    "translations": [
                        {
                            "language": "en",
                            "title": "The locker is too small for my parcel",
                            "body": "Take the parcel to a partner shop near you instead.",
                        }
                    ],
                }
            ]
        },
    )

    def to_input(self, article_id: str) -> ArticleInput:
        """What the action takes."""
        names = ArticleFields.__dataclass_fields__
        return ArticleInput(
            id=article_id,
            translations=[TranslationInput(**dict(text)) for text in self.translations],
            fields=ArticleFields(**{name: getattr(self, name) for name in names}),
            state=self.state,
        )


class NewArticleIn(ArticleIn):
    """An article to begin. `id`: its key, for ever; left out: made of the title."""

    id: Key | None = None


class FieldsIn(Input):
    """What an article is in every language; what is left out stays as it is."""

    audience: Audience | None = None
    governance: Governance | None = None
    tags: Names | None = None
    facets: FacetsIn | None = None
    owner: Name | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    review_by: Moment | None = None
    expected_version: Count | None = Field(
        None, description="refuse (409) when the article has another version by now"
    )

    def changes(self) -> dict[str, Any]:
        """Those that were given; null takes an owner or a date away."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        given.pop("expected_version", None)
        may_be_empty = ("owner", "valid_from", "valid_until", "review_by")
        return {k: v for k, v in given.items() if v is not None or k in may_be_empty}


class NoteIn(Input):
    """Why it is done; kept with the article's history."""

    note: Words = ""


class PublishIn(Input):
    """Which languages to show to readers; left out: all."""

    languages: Annotated[list[Language], Field(min_length=1, max_length=40)] | None = None
    note: Words = Field("", description="why; kept with the article's history")
    expected_version: Count | None = Field(
        None, description="refuse (409) when the article has another version by now"
    )


class TranslationOut(Output):
    language: str
    revision_id: int
    number: int
    title: str
    summary: str
    keywords: list[str]
    body: str
    permalink: str
    is_published: bool
    created_at: datetime


class ArticleOut(Output):
    id: str
    original_language: str
    state: ArticleState
    audience: Audience
    trust: Trust
    governance: Governance
    tags: list[str]
    facets: Facets
    owner: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    review_by: datetime | None
    updated_at: datetime
    version: int
    translations: list[TranslationOut]


def article_out(view: ArticleView, public_url: str) -> ArticleOut:
    """An article as the API gives it, the original language first."""
    base = f"{public_url.rstrip('/')}/a/{view.id}"
    narrow = "" if view.audience == Audience.public else f"&audience={view.audience}"
    texts = [
        {name: getattr(text, name) for name in TranslationOut.model_fields if name != "permalink"}
        | {"permalink": f"{base}?lang={text.language}{narrow}"}
        for text in view.translations
    ]
    values = {name: getattr(view, name) for name in ArticleOut.model_fields}
    return ArticleOut.model_validate(values | {"translations": texts})
