"""Records of a Zendesk Help Center as its API gives them; what is not known is passed over.

Shapes: developer.zendesk.com/api-reference/help_center/help-center-api (articles, translations,
sections, categories, user_segments, article_attachments) and .../guide-api/content_tags.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _empty(value: object) -> object:
    return "" if value is None else value


def _none(value: object) -> object:
    return [] if value is None else value


Text = Annotated[str, BeforeValidator(_empty)]
Ids = Annotated[list[int | str], BeforeValidator(_none)]
Flag = Annotated[bool, BeforeValidator(bool)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")


class TranslationRow(_Row):
    """A text of an article."""

    source_id: int | None = None
    source_type: Text = "Article"
    locale: str
    title: Text = ""
    body: Text = ""
    draft: Flag = False
    outdated: Flag = False
    hidden: Flag = False
    html_url: Text = ""


class ArticleRow(_Row):
    """An article, with its text in `locale`."""

    id: int
    locale: Text = ""
    source_locale: Text = ""
    title: Text = ""
    name: Text = ""
    body: Text = ""
    html_url: Text = ""
    section_id: int | None = None
    user_segment_id: int | None = None
    user_segment_ids: Ids = []
    label_names: Annotated[list[str], BeforeValidator(_none)] = []
    content_tag_ids: Ids = []
    draft: Flag = False
    outdated: Flag = False
    promoted: Flag = False
    comments_disabled: bool | None = None
    vote_count: int | None = None
    translations: Annotated[list[TranslationRow], BeforeValidator(_none)] = []


class SectionRow(_Row):
    """A section or, without `category_id`, a category."""

    id: int
    name: Text = ""
    description: Text = ""
    locale: Text = ""
    source_locale: Text = ""
    category_id: int | None = None
    parent_section_id: int | None = None


class SegmentRow(_Row):
    """Who may see an article."""

    id: int
    name: Text = ""
    user_type: Text = ""
    group_ids: Ids = []
    organization_ids: Ids = []
    tags: Ids = []
    or_tags: Ids = []


class AttachmentRow(_Row):
    """A file of an article."""

    id: int
    article_id: int | None = None
    file_name: Text = ""
    display_file_name: Text = ""
    content_url: Text = ""
    content_type: Text = ""
    inline: Flag = False
    locale: Text = ""


class TagRow(_Row):
    """A content tag."""

    id: int | str
    name: Text = ""
