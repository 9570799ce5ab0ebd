"""Writing the knowledge back as a content folder, byte for byte as `content/` keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy.orm import Session

from indexer.load.content import CASES, INCIDENTS, SYNONYMS
from indexer.load.folder import IMAGES
from indexer.load.incidents import STATES
from indexer.load.reading import old_key
from indexer.load.records import iso
from indexer.load.yaml_text import dump_yaml
from kb.actions.checks import check_key, check_language
from kb.domain import ArticleState, RedirectKind, image_keys
from kb.errors import InvalidInput
from kb.queries.articles import ArticleView, TranslationView, iter_articles, published_translations
from kb.queries.attachments import iter_images
from kb.queries.carried import (
    Marks,
    PlanRow,
    RedirectRow,
    load_marks,
    load_plans,
    load_redirects,
)
from kb.queries.cases import CaseView, iter_cases
from kb.queries.incidents import IncidentView, iter_incidents
from kb.queries.synonyms import load_synonyms

ARTICLES_AT_ONCE = 200
DRAFTS = "drafts"  # the folder of texts under way of published articles


@dataclass(slots=True)
class ExportReport:
    """What was written; `left_out` names texts that a content folder cannot hold, and why."""

    articles: int = 0
    texts: int = 0
    drafts: int = 0  # texts under way of published articles
    images: int = 0
    cases: int = 0
    synonyms: int = 0
    incidents: int = 0
    left_out: list[str] = field(default_factory=list)


def export_content(session: Session, folder: Path) -> ExportReport:
    """Write all knowledge below `folder`; importing that gives the same again.

    Published articles are written as readers see them, and what is under way of them below
    `drafts/`; others as editors see them. Files of articles no longer there are left alone.
    Raises InvalidInput when the folder cannot be written.
    """
    report = ExportReport()
    try:
        for file in _article_files(session, report):
            check_key(file.article.id, "an article")
            check_language(file.text.language)
            place = folder / DRAFTS if file.is_draft else folder
            _write(place / file.text.language / f"{file.article.id}.md", article_file(file))
            _images(session, folder / IMAGES, file.text.body, report)
        _cases(session, folder / CASES, report)
        for language, groups in load_synonyms(session).items():
            words = [list(group) for group in groups]
            _write(folder / SYNONYMS / f"{language}.yaml", dump_yaml(words))
            report.synonyms += len(words)
        for incident in iter_incidents(session):
            check_key(incident.id, "an incident")
            _write(folder / INCIDENTS / f"{incident.id}.yaml", incident_file(incident))
            report.incidents += 1
    except OSError as error:
        raise InvalidInput(
            f"Cannot write {error.filename}: {error.strerror}. Choose a folder that can be written."
        ) from error
    return report


@dataclass(frozen=True, slots=True)
class ArticleFile:
    """One language of an article with what its file says beside the text.

    `has_fields`: it is the file that says what the article is in every language.
    """

    article: ArticleView
    text: TranslationView
    marks: Marks
    is_outdated: bool = False
    is_draft: bool = False
    has_fields: bool = False
    redirects: tuple[RedirectRow, ...] = ()
    plans: tuple[PlanRow, ...] = ()


def article_file(file: ArticleFile) -> str:
    """The whole file of one language, in canonical form."""
    article, text = file.article, file.text
    head: dict[str, object] = {
        "article": article.id,
        "language": text.language,
        "title": text.title,
        "summary": text.summary,
        "keywords": list(text.keywords),
        "machine_model": file.marks.machine_model,
        "checked_by": file.marks.checked_by,
        "draft": True if file.is_draft else None,
    }
    if text.language != article.original_language:
        head |= {"translation_of": article.original_language}
        head |= {"outdated": True} if file.is_outdated else {}
    elif file.has_fields:
        head |= _original(article)
        head |= {"redirects": [_redirect(row) for row in file.redirects]}
        head |= {"plans": [_plan(row, article) for row in file.plans]}
    else:
        head |= {"original": True}
    return markdown_file(head, text.body)


def markdown_file(matter: Mapping[str, object], body: str) -> str:
    """Front matter without empty values, then the body, one line feed at the end."""
    return f"---\n{dump_yaml(_filled(matter))}---\n\n{body}\n"


def case_line(case: CaseView) -> str:
    """The case as a line of JSON, without its line feed."""
    row: dict[str, object] = {
        "case": case.id,
        "language": case.language,
        "channel": str(case.channel),
        "subject": case.subject,
        "state": str(case.state),
        "facets": case.facets,
        "customer_ref": case.customer_ref,
        "agent_ref": case.agent_ref,
        "opened_at": iso(case.opened_at),
        "resolved_at": iso(case.resolved_at) if case.resolved_at else None,
        "messages": [
            {"role": str(m.role), "text": m.text} | ({"at": iso(m.at)} if m.at else {})
            for m in case.messages
        ],
        "tried": case.tried,
        "resolution": case.resolution,
        "outcome": str(case.outcome) if case.outcome else None,
        "articles": list(case.articles),
    }
    return json.dumps(_filled(row), ensure_ascii=False)


def incident_file(incident: IncidentView) -> str:
    """The whole file of an incident, in canonical form."""
    names = {state: name for name, state in STATES.items()}
    return dump_yaml(
        _filled(
            {
                "incident": incident.id,
                "state": names[incident.state],
                "severity": str(incident.severity),
                "countries": list(incident.countries),
                "products": list(incident.products),
                "starts_at": iso(incident.starts_at),
                "ends_at": iso(incident.ends_at) if incident.ends_at else None,
                "text": incident.texts,
                "match": incident.match,
            }
        )
    )


def _original(article: ArticleView) -> dict[str, object]:
    times = {
        name: iso(value)
        for name in ("valid_from", "valid_until", "review_by")
        if (value := getattr(article, name)) is not None
    }
    return {
        "original": True,
        "state": str(article.state),
        "audience": str(article.audience),
        "trust": str(article.trust),
        "governance": str(article.governance),
        "tags": list(article.tags),
        "facets": article.facets,
        "owner": article.owner,
        **times,
    }


def _redirect(row: RedirectRow) -> object:
    """A key by itself where that says all."""
    plain = old_key(row.old_id)
    if row.kind == RedirectKind.redirected and not row.note and plain and plain.key == row.old_id:
        return row.old_id
    return _filled({"key": row.old_id, "kind": str(row.kind), "note": row.note})


def _plan(row: PlanRow, article: ArticleView) -> object:
    languages = sorted(row.revisions)
    is_all = languages == sorted(text.language for text in article.translations)
    return _filled(
        {
            "action": str(row.action),
            "at": iso(row.at),
            "languages": [] if is_all else languages,
            "note": row.note,
        }
    )


def _article_files(session: Session, report: ExportReport) -> Iterator[ArticleFile]:
    batch: list[ArticleView] = []
    for article in iter_articles(session):
        batch.append(article)
        if len(batch) == ARTICLES_AT_ONCE:
            yield from _batch_files(session, batch, report)
            batch = []
    yield from _batch_files(session, batch, report)


def _batch_files(
    session: Session, articles: Sequence[ArticleView], report: ExportReport
) -> Iterator[ArticleFile]:
    """Published articles with their published texts, the others with their latest."""
    keys = [article.id for article in articles]
    published = published_translations(
        session, [a.id for a in articles if a.state == ArticleState.published]
    )
    redirects, plans = load_redirects(session, keys), load_plans(session, keys)
    texts = [text for article in articles for text in article.translations]
    texts += [text for found in published.values() for text in found]
    marks = load_marks(session, {text.revision_id for text in texts})
    for article in articles:
        report.articles += 1
        shown = published.get(article.id, ()) if article.state == ArticleState.published else None
        files = _files_of(article, shown, marks)
        kept = tuple(_kept_plans(article, plans.get(article.id, []), report))
        for file in files:
            report.texts += not file.is_draft
            report.drafts += file.is_draft
            if file.has_fields:
                file = replace(file, redirects=tuple(redirects.get(article.id, ())), plans=kept)
            yield file


def _files_of(
    article: ArticleView, shown: Sequence[TranslationView] | None, marks: Mapping[int, Marks]
) -> list[ArticleFile]:
    """The original first. `shown`: what readers have, None when the article is not published."""
    latest = {text.language: text for text in article.translations}
    readers = {text.language: text for text in (latest.values() if shown is None else shown)}
    files = [
        ArticleFile(article, text, marks[text.revision_id], _is_outdated(text, readers, latest,
                                                                         article, marks))
        for text in readers.values()
    ]  # fmt: skip
    files += [
        ArticleFile(article, text, marks[text.revision_id], _is_outdated(text, latest, latest,
                                                                         article, marks), True)
        for language, text in latest.items()
        if language not in readers or readers[language].revision_id != text.revision_id
    ]  # fmt: skip
    files.sort(key=lambda f: (f.text.language != article.original_language, f.is_draft,
                              f.text.language))  # fmt: skip
    return [replace(files[0], has_fields=True), *files[1:]]


def _is_outdated(
    text: TranslationView,
    beside: Mapping[str, TranslationView],
    latest: Mapping[str, TranslationView],
    article: ArticleView,
    marks: Mapping[int, Marks],
) -> bool:
    """Whether it follows neither the original that readers have nor the latest one."""
    if text.language == article.original_language:
        return False
    originals = [found.get(article.original_language) for found in (beside, latest)]
    followed = {marks[original.revision_id].content_hash for original in originals if original}
    return marks[text.revision_id].source_hash not in followed


def _kept_plans(
    article: ArticleView, plans: Sequence[PlanRow], report: ExportReport
) -> Iterator[PlanRow]:
    """Plans for the texts that are written; those for older ones cannot come back."""
    latest = {text.language: text.revision_id for text in article.translations}
    for row in plans:
        older = sorted(x for x, number in row.revisions.items() if latest.get(x) != number)
        if older:
            report.left_out.append(
                f"{article.id}: the plan for {iso(row.at)}, which publishes an older text in"
                f" {', '.join(older)}"
            )
        else:
            yield row


def _images(session: Session, folder: Path, body: str, report: ExportReport) -> None:
    for image in iter_images(session, image_keys(body)):
        path = folder / image.key
        if not path.exists() or path.stat().st_size != len(image.data):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(image.data)
            report.images += 1


def _cases(session: Session, folder: Path, report: ExportReport) -> None:
    lines: dict[str, list[str]] = {}
    for case in iter_cases(session):
        check_language(case.language)
        lines.setdefault(case.language, []).append(case_line(case))
        report.cases += 1
    for language, found in lines.items():
        _write(folder / f"{language}.jsonl", "".join(f"{line}\n" for line in found))


def _filled(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
