"""From the columns of any table to the fields of articles and cases."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from indexer.load.html_tree import Notes
from indexer.load.reading import old_keys
from indexer.load.records import ArticlePart, ArticleRow, CaseRow, RawRecord, complain
from indexer.load.report import ImportOptions
from kb.actions.articles import ArticleFields, TranslationInput
from kb.actions.cases import CaseInput, MessageInput
from kb.domain import Audience, CaseState, Channel, Governance, Role, Trust
from kb.domain.types import KEY_PATTERN
from kb.errors import InvalidInput
from kb.text.fold import fold

ARTICLE_COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "_id", "key", "article", "article_id", "doc_id"),
    "title": ("title", "question", "name", "heading"),
    "body": ("body", "text", "content", "answer"),
    "summary": ("summary",),
    "keywords": ("keywords",),
    "language": ("language", "lang"),
    "tags": ("tags",),
}
CASE_COLUMNS: dict[str, tuple[str, ...]] = {
    "case": ("case", "case_id", "id", "_id", "key", "ticket", "ticket_id"),
    "language": ("language", "lang"),
    "subject": ("subject", "title"),
    "problem": ("problem", "question", "description", "text", "body"),
    "resolution": ("resolution", "solution", "answer"),
}
"""Per field, the names its column may have, the likeliest first."""

_LISTS = frozenset({"keywords", "tags", "articles", "redirects"})
_SPLIT = re.compile(r"\s*[;|\n]\s*")
_SLUG = re.compile(r"[^a-z0-9]+")
_NO_LANGUAGE = (
    "No language: add a column `language`, or choose one for the whole import (`--language en`)."
)
_TITLE = 100  # characters of a text that stand in for a missing title

Row = TypeVar("Row", bound=BaseModel)


def check_mapping(options: ImportOptions, *, cases: bool) -> None:
    """Raises InvalidInput when a mapped field is not one there is."""
    known = set(CaseRow.model_fields) | {"problem"} if cases else set(ArticleRow.model_fields)
    unknown = sorted(set(options.mapping) - known)
    if unknown:
        raise InvalidInput(
            f"There is no field {unknown[0]!r} to map to: use one of {', '.join(sorted(known))}."
        )


def article_part(record: RawRecord, options: ImportOptions, notes: Notes) -> ArticlePart:
    """The article in a row; a title that is made up is noted. Raises InvalidInput."""
    values = _fields(record, ARTICLE_COLUMNS, ArticleRow, options)
    row = _validated(ArticleRow, values)
    language = row.language or options.language
    if not language:
        raise InvalidInput(_NO_LANGUAGE)
    body = row.body.strip()
    title = row.title.strip() or body.split("\n", 1)[0].lstrip("# ")[:_TITLE].strip()
    if not body or not title:
        raise InvalidInput(
            "No text: say which column it is in (`--map body=COLUMN`), and which one the title is"
            " in (`--map title=COLUMN`)."
        )
    if not row.title.strip():
        notes.add("No title: the first line of the text became the title.")
    key = _key(row.id, title, language)
    text = TranslationInput(language, title, body, row.summary.strip(), tuple(row.keywords))
    redirects = old_keys(row.redirects)
    if row.translation_of and row.translation_of != language:
        return ArticlePart(record.source, key, text, redirects=redirects)
    given = frozenset(row.model_fields_set)
    if options.audience is not None:
        given |= {"audience"}
    fields = _article_fields(row, language, options)
    state = row.state or options.state
    return ArticlePart(record.source, key, text, fields, state, given, redirects=redirects)


def case_input(record: RawRecord, options: ImportOptions) -> CaseInput:
    """The case in a row; a column of problems counts as one message of the customer.

    Raises InvalidInput.
    """
    values = _fields(record, CASE_COLUMNS, CaseRow, options)
    problem = values.pop("problem", None)
    if problem and not values.get("messages"):
        values["messages"] = [{"role": Role.customer, "text": problem}]
    values.setdefault("channel", options.channel or Channel.email)
    row = _validated(CaseRow, values)
    language = row.language or options.language
    if not language:
        raise InvalidInput(_NO_LANGUAGE)
    first = row.messages[0].text if row.messages else ""
    state = row.state or (CaseState.resolved if row.resolution.strip() else None)
    return CaseInput(
        id=_key(row.case, row.subject or first[:_TITLE], language),
        language=language,
        channel=row.channel,
        messages=tuple(MessageInput(m.role, m.text, m.at) for m in row.messages),
        subject=row.subject,
        state=state,
        facets={name: tuple(found) for name, found in row.facets.items()},
        customer_ref=row.customer_ref,
        agent_ref=row.agent_ref,
        tried=row.tried,
        resolution=row.resolution,
        outcome=row.outcome,
        articles=tuple(row.articles),
        opened_at=row.opened_at,
        resolved_at=row.resolved_at,
    )


def _article_fields(row: ArticleRow, language: str, options: ImportOptions) -> ArticleFields:
    return ArticleFields(
        original_language=language,
        audience=row.audience or options.audience or Audience.internal,
        trust=row.trust or Trust.not_validated,
        governance=row.governance or Governance.experience,
        tags=tuple(row.tags),
        facets={name: tuple(values) for name, values in row.facets.items()},
        owner=row.owner or None,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        review_by=row.review_by,
    )


def _fields(
    record: RawRecord,
    columns: Mapping[str, tuple[str, ...]],
    model: type[BaseModel],
    options: ImportOptions,
) -> dict[str, object]:
    """The row's values by field: mapped columns first, then those known by their names."""
    by_name = {name.lower(): value for name, value in record.values.items()}
    taken = {column.lower() for column in options.mapping.values()}
    taken |= {column.lower() for column in options.facets}
    found: dict[str, object] = {}
    for name, column in options.mapping.items():
        if column.lower() not in by_name and column not in record.values:
            continue
        found[name] = record.values.get(column, by_name.get(column.lower()))
    # A mapped field is never taken from elsewhere: `--map state=` leaves a column out.
    for name in [n for n in (*columns, *model.model_fields) if n not in options.mapping]:
        for column in columns.get(name, (name,)):
            if name not in found and column not in taken and by_name.get(column) is not None:
                found[name] = by_name[column]
    if model is CaseRow:
        _refuse_unknown(record, columns, found, taken)
    facets = _facets(found.get("facets")) | _facet_columns(by_name, options)
    if facets:
        found["facets"] = facets
    return {name: _shaped(name, value) for name, value in found.items() if value is not None}


def _refuse_unknown(
    record: RawRecord,
    columns: Mapping[str, tuple[str, ...]],
    found: dict[str, object],
    taken: set[str],
) -> None:
    """Cases hold personal data: what nobody mapped is refused rather than dropped."""
    known = {name for names in columns.values() for name in names} | set(CaseRow.model_fields)
    for column in record.values:
        name = column.lower()
        if name not in known | taken and not name.startswith("x-"):
            found[column] = record.values[column]


def _shaped(name: str, value: object) -> object:
    """A cell of a table holds lists and messages as text."""
    if name == "id" or name == "case":
        return str(value) if isinstance(value, int) else value
    if not isinstance(value, str):
        return value
    if name in _LISTS:
        return _list(value)
    if name == "messages":
        return _json(value, name)
    return value


def _list(text: str) -> object:
    if text.lstrip().startswith("["):
        return _json(text, "list")
    return [part for part in _SPLIT.split(text.strip()) if part]


def _json(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name}: the cell is not valid JSON.") from error


def _facets(value: object) -> dict[str, object]:
    """Facets as an object, or as text: `product=home|express; topic=address`."""
    if value is None or value == "":
        return {}
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _json(value, "facets")
    if isinstance(value, dict):
        return {str(k): [v] if isinstance(v, str) else v for k, v in value.items()}
    if not isinstance(value, str):
        raise InvalidInput("facets: write them as product=home|express; topic=address.")
    found: dict[str, object] = {}
    for part in filter(None, re.split(r"\s*;\s*", value.strip())):
        name, equals, values = part.partition("=")
        if not equals or not name.strip():
            raise InvalidInput("facets: write them as product=home|express; topic=address.")
        found[name.strip()] = [v.strip() for v in values.split("|") if v.strip()]
    return found


def _facet_columns(by_name: Mapping[str, object], options: ImportOptions) -> dict[str, object]:
    found: dict[str, object] = {}
    for column in options.facets:
        value = by_name.get(column.lower())
        if isinstance(value, str):
            value = [part for part in _SPLIT.split(value.strip()) if part]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = [str(value)]
        if value:
            found[column] = value
    return found


def _validated(model: type[Row], values: Mapping[str, object]) -> Row:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise complain(error) from error


def _key(given: str, title: str, language: str) -> str:
    """The record's own key; one that cannot be a key, or is missing, is made, always alike."""
    given = given.strip()
    if KEY_PATTERN.match(given):
        return given
    slug = _SLUG.sub("-", fold(given or title)).strip("-")[:80].strip("-")
    seed = given or f"{language}\0{title}"
    tail = hashlib.sha256(seed.encode()).hexdigest()[:8]
    return f"{slug}-{tail}" if slug else tail
