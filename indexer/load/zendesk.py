"""Articles of a Zendesk Help Center, from what its API gives as JSON."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.load.html_markdown import convert_page
from indexer.load.html_tree import Notes, Urls
from indexer.load.reading import Reading, language_of, old_key, slug
from indexer.load.records import ArticlePart, OldKey
from indexer.load.report import Notice, Rejection, Source
from indexer.load.zendesk_files import AttachedFiles, HelpCenter, read_help_center
from indexer.load.zendesk_rows import ArticleRow, AttachmentRow, SegmentRow, TranslationRow
from kb.actions.article_input import Origin
from kb.actions.articles import ArticleFields, TranslationInput
from kb.domain import ArticleState, Audience
from kb.errors import InvalidInput, KbError

_ARTICLE_URL = re.compile(r"(?:https?://[^/?#]+)?/hc/(?:[a-z0-9-]+/)?articles/(\d+)[^/]*$", re.I)
_OTHER_PAGE = re.compile(r"/hc/(?:[a-z0-9-]+/)?(?:sections|categories|community|requests)\b", re.I)
_ATTACHMENT = re.compile(r"article_attachments/(?:token/)?(\d+)(?:/([^/?#]+))?", re.I)
_STATED = frozenset({"original_language", "audience", "tags"})

Found = ArticlePart | Rejection | Notice


@dataclass(frozen=True, slots=True)
class _Centre:
    """The whole Help Center with what was decided for all of it."""

    reading: Reading
    rows: HelpCenter
    files: AttachedFiles
    languages: Mapping[str, str]  # locale -> language
    keys: Mapping[int, str]  # article -> key


def read_zendesk(source: Path, reading: Reading) -> Iterator[Found]:
    """Each text of each article, and what of the export could not be taken. Raises KbError."""
    limits = reading.options.limits
    rows = HelpCenter()
    for found in read_help_center(source, limits):
        if isinstance(found, Rejection):
            yield found
        else:
            rows = found
    name = "." if source.is_dir() else source.name
    if not rows.articles:
        if not source.is_dir() or reading.options.format == "zendesk":
            raise InvalidInput(
                "There are no articles of a Help Center in it: it needs the answers of"
                " /api/v2/help_center/articles.json, and better those of translations too."
            )
        for passed in rows.passed_over:
            yield Notice(passed, 1, "This is no export of a Help Center: it was passed over.")
        return
    folder = source if source.is_dir() else source.parent
    languages = _languages(rows, reading.options.mapping)
    centre = _Centre(reading, rows, AttachedFiles(folder, limits), languages, _keys(rows, reading))
    yield from _notices(rows, name)
    for place, row in rows.articles.values():
        try:
            yield from _article(centre, place, row)
        except KbError as error:
            yield Rejection(place.file, 1, error.message)
    for number in sorted(rows.texts.keys() - rows.articles.keys()):
        yield Rejection(name, 1, f"Translations of the article {number}, which is not in it.")


def _article(centre: _Centre, place: Source, row: ArticleRow) -> Iterator[Found]:
    texts = centre.rows.texts[row.id]
    first = row.source_locale.lower() or row.locale.lower()
    if first not in texts:
        if not texts:
            raise InvalidInput("It has no text in any language: leave it out.")
        stand_in = row.locale.lower() if row.locale.lower() in texts else min(texts)
        yield Notice(place.file, 1, f"There is no text in {first}: {stand_in} is the original.")
        first = stand_in
    audience, told = _audience(row, centre.rows.segments)
    if told:
        yield Notice(place.file, 1, told)
    fields = ArticleFields(
        original_language=centre.languages[first],
        audience=audience,
        tags=tuple(_tags(centre.rows, row)),
    )
    is_shown = any(not _is_draft(text) for text in texts.values())
    parts: dict[str, ArticlePart] = {}
    for locale in sorted(texts, key=lambda found: found != first):
        text, language = texts[locale], centre.languages[locale]
        source = Source(f"{place.file} ({locale})")
        if language in parts:
            message = f"There is a text in {language} already: say what this one is in with"
            yield Rejection(source.file, 1, f"{message} --map {locale}=LANGUAGE.")
            continue
        try:
            made, notes = _text(centre, row, text, language)
        except KbError as error:
            if locale == first:
                raise
            yield Rejection(source.file, 1, error.message)
            continue
        for note in notes:
            yield Notice(source.file, 1, note)
        part = ArticlePart(source, centre.keys[row.id], made, given=_STATED)
        parts[language] = replace(part, is_draft=is_shown and _is_draft(text))
        if locale == first:
            state = ArticleState.published if is_shown else ArticleState.draft
            parts[language] = replace(
                parts[language], fields=fields, state=state, redirects=_redirects(centre, row)
            )
        yield parts[language]


def _text(
    centre: _Centre, row: ArticleRow, text: TranslationRow, language: str
) -> tuple[TranslationInput, tuple[str, ...]]:
    notes = Notes()
    if text.hidden:
        notes.add("it is hidden from readers there: it became a draft")
    body = _with_files(centre, row, text, notes)
    if not body.strip():
        raise InvalidInput("It has no text: write it, or leave it out.")
    urls = _urls(centre, row, text, notes)
    made = convert_page(body, urls, notes)
    title = " ".join(text.title.split())
    if not title or not made.markdown:
        raise InvalidInput("It has no title or no text: write it, or leave it out.")
    origin = Origin(is_outdated=True) if text.outdated else None
    return TranslationInput(language, title, made.markdown, origin=origin), made.lost


def _with_files(centre: _Centre, row: ArticleRow, text: TranslationRow, notes: Notes) -> str:
    """The body with links to what is attached to the article and not shown in it."""
    found = []
    for file in centre.rows.attachments.get(row.id, []):
        is_other = file.locale and file.locale.lower() != text.locale.lower()
        is_shown = str(file.id) in text.body or (file.content_url and file.content_url in text.body)
        if not file.inline and not is_other and not is_shown:
            found.append(f"<li>{_file_link(file)}</li>")
    if not found:
        return text.body
    notes.add(f"{len(found)} attached files became links at the end, to where they are now")
    return f"{text.body}<ul>{''.join(found)}</ul>"


def _file_link(file: AttachmentRow) -> str:
    name = html.escape(file.display_file_name or file.file_name or str(file.id))
    address = html.escape(file.content_url)
    if file.content_type.startswith("image/"):
        return f'<img src="{address}" alt="{name}">'
    return f'<a href="{address}">{name}</a>'


def _urls(centre: _Centre, row: ArticleRow, text: TranslationRow, notes: Notes) -> Urls:
    pictures = centre.reading.pictures
    lost: list[str] = []

    def link(address: str) -> str | None:
        plain = re.split(r"[?#]", address, maxsplit=1)[0]
        found = _ARTICLE_URL.search(plain)
        if found is None:
            if _OTHER_PAGE.search(plain):
                notes.add("links to lists of articles lead to the old pages")
            return None
        key = centre.keys.get(int(found[1])) or centre.reading.redirects.get(found[1])
        if key is None:
            notes.add(f"a link to the article {found[1]}, which is not here, leads to the old page")
            return None
        return f"article:{key}"

    def image(address: str) -> str | None:
        found = _ATTACHMENT.search(address)
        number, name = (found[1], found[2] or "") if found else ("", "")
        known = next((f for f in centre.rows.attachments.get(row.id, [])
                      if f.content_url == address or str(f.id) == number), None)  # fmt: skip
        if known is not None:
            number, name = str(known.id), name or known.file_name
        name = name or re.split(r"[?#]", address)[0].rpartition("/")[2]
        path = centre.files.find(number, name)
        if path is None:
            return None
        kept = pictures.added_file(path, centre.reading.root, lost)
        for reason in lost:
            notes.add(reason)
        lost.clear()
        return kept

    def data_image(data: bytes) -> str | None:
        return pictures.added(data, "", lost)

    return Urls(link, image, data_image, base=text.html_url or row.html_url)


def _languages(rows: HelpCenter, given: Mapping[str, str]) -> dict[str, str]:
    """Each locale's language; of several locales of a language the most used one is plain."""
    counts: Counter[str] = Counter()
    for texts in rows.texts.values():
        counts.update(texts.keys())
    said = {locale.lower(): language for locale, language in given.items()}
    found: dict[str, str] = {}
    taken: set[str] = set(said.values())
    for locale, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        plain = language_of(locale)
        language, _, region = locale.replace("_", "-").partition("-")
        name = plain if plain not in taken else f"{language}-{region.upper()}".rstrip("-")
        found[locale] = said.get(locale, name)
        taken.add(found[locale])
    return found


def _keys(rows: HelpCenter, reading: Reading) -> dict[int, str]:
    """A key for each article: the one it got before, else one made of its title."""
    found: dict[int, str] = {}
    taken = set(reading.articles) | set(reading.redirects)
    for number, (_, row) in sorted(rows.articles.items()):
        known = reading.redirects.get(str(number))
        if known is None:
            texts = rows.texts[number]
            text = texts.get(row.source_locale.lower()) or next(iter(texts.values()), None)
            title = slug(text.title if text else row.title)
            known = title if title and title not in taken and not title.isdecimal() else (
                f"{title}-{number}".strip("-")
            )  # fmt: skip
        taken.add(known)
        found[number] = known
    return found


def _redirects(centre: _Centre, row: ArticleRow) -> tuple[OldKey, ...]:
    """The number, which is how other systems call the article for ever, and its addresses."""
    keys = {str(row.id): OldKey(str(row.id))}
    texts = centre.rows.texts[row.id].values()
    for address in (row.html_url, *(text.html_url for text in texts)):
        found = old_key(address) if address else None
        if found is not None and found.key.startswith(str(row.id)):
            keys[found.key] = found
    key = centre.keys[row.id]
    return tuple(found for name, found in sorted(keys.items()) if name != key)


def _tags(rows: HelpCenter, row: ArticleRow) -> list[str]:
    """Names of its category and sections, from wide to narrow, its labels and content tags."""
    path: list[str] = []
    section = rows.sections.get(row.section_id or 0)
    seen: set[int] = set()
    category = None
    while section is not None and section.id not in seen:
        seen.add(section.id)
        path.insert(0, section.name)
        category = section.category_id or category
        section = rows.sections.get(section.parent_section_id or 0)
    if category in rows.categories:
        path.insert(0, rows.categories[category].name)
    names = [rows.tags.get(str(tag), f"content tag {tag}") for tag in row.content_tag_ids]
    found = (" ".join(name.split()) for name in (*path, *row.label_names, *names))
    return list(dict.fromkeys(name for name in found if name))


def _audience(row: ArticleRow, segments: Mapping[int, SegmentRow]) -> tuple[Audience, str]:
    """Who may read; where Potica knows no such group, those who are sure to be of it."""
    numbers = [int(n) for n in row.user_segment_ids if str(n).isdecimal()]
    if row.user_segment_id is not None:
        numbers.append(row.user_segment_id)
    if not numbers:
        return Audience.public, ""
    narrow = ""
    found = [segments.get(number) for number in numbers]
    for number, segment in zip(numbers, found, strict=True):
        if segment is None:
            narrow = f"The user segment {number} is not in the export: the article is internal."
        elif segment.user_type == "signed_in_users" and (
            segment.tags or segment.or_tags or segment.organization_ids
        ):
            narrow = (
                f"The user segment {segment.name or number} is a group of customers, which is not"
                " known here: the article is internal."
            )
        elif segment.user_type == "staff" and (segment.group_ids or segment.tags):
            narrow = narrow or (
                f"The user segment {segment.name or number} is a group of colleagues: all of them"
                " may read the article."
            )
    if narrow or any(s is None or s.user_type != "signed_in_users" for s in found):
        return Audience.internal, narrow
    return Audience.customer, ""


def _is_draft(text: TranslationRow) -> bool:
    return text.draft or text.hidden


def _notices(rows: HelpCenter, name: str) -> Iterator[Notice]:
    """What of the whole has no place here."""
    for passed in rows.passed_over:
        yield Notice(passed, 1, "Nothing of a Help Center is in it: it was passed over.")
    articles = [row for _, row in rows.articles.values()]
    told = {
        "are promoted, which is not known here": sum(row.promoted for row in articles),
        "have votes, which are not carried over": sum(bool(row.vote_count) for row in articles),
        "may be commented on by readers there": sum(
            row.comments_disabled is False for row in articles
        ),
    }
    for what, count in told.items():
        if count:
            yield Notice(name, 1, f"{count:,} articles {what}.")
    described = [row for row in (*rows.sections.values(), *rows.categories.values())
                 if row.description.strip()]  # fmt: skip
    if described:
        yield Notice(name, 1, f"{len(described):,} sections and categories have a description,"
                              " which is not carried over.")  # fmt: skip
    orphans = [row for row in articles if row.section_id and row.section_id not in rows.sections]
    if orphans and rows.sections:
        yield Notice(name, 1, f"{len(orphans):,} articles are in sections that are not there.")
    if not rows.sections and articles:
        yield Notice(name, 1, "There are no sections in it: the articles get no tags of them.")
