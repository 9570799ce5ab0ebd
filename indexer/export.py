"""Writing the knowledge back as a content folder, byte for byte as `content/` keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy.orm import Session

from indexer.load.content import CASES, INCIDENTS, SYNONYMS
from indexer.load.incidents import STATES
from indexer.load.records import iso
from indexer.load.yaml_text import dump_yaml
from kb.actions.checks import check_key, check_language
from kb.domain import ArticleState
from kb.errors import InvalidInput
from kb.queries.articles import ArticleView, TranslationView, iter_articles, published_translations
from kb.queries.cases import CaseView, iter_cases
from kb.queries.incidents import IncidentView, iter_incidents
from kb.queries.synonyms import load_synonyms

ARTICLES_AT_ONCE = 200


@dataclass(slots=True)
class ExportReport:
    """What was written; `left_out` names texts that a content folder cannot hold, and why."""

    articles: int = 0
    texts: int = 0
    cases: int = 0
    synonyms: int = 0
    incidents: int = 0
    left_out: list[str] = field(default_factory=list)


def export_content(session: Session, folder: Path) -> ExportReport:
    """Write all knowledge below `folder`; importing that gives the same again.

    Published articles are written as readers see them, others as editors do. Files of articles
    no longer there are left alone. Raises InvalidInput when the folder cannot be written.
    """
    report = ExportReport()
    try:
        for article in _articles(session, report):
            report.articles += 1
            for text in article.translations:
                check_key(article.id, "an article")
                check_language(text.language)
                _write(folder / text.language / f"{article.id}.md", article_file(article, text))
                report.texts += 1
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


def article_file(article: ArticleView, text: TranslationView) -> str:
    """The whole file of one language, in canonical form."""
    matter = _original(article) if text.language == article.original_language else {}
    head: dict[str, object] = {
        "article": article.id,
        "language": text.language,
        "title": text.title,
        "summary": text.summary,
        "keywords": list(text.keywords),
    }
    if not matter:
        matter = {"translation_of": article.original_language}
    return markdown_file(head | matter, text.body)


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


def _articles(session: Session, report: ExportReport) -> Iterator[ArticleView]:
    """Published articles with their published texts, the others with their latest."""
    batch: list[ArticleView] = []
    for article in iter_articles(session):
        batch.append(article)
        if len(batch) == ARTICLES_AT_ONCE:
            yield from _as_read(session, batch, report)
            batch = []
    yield from _as_read(session, batch, report)


def _as_read(
    session: Session, articles: Sequence[ArticleView], report: ExportReport
) -> Iterator[ArticleView]:
    public = [a.id for a in articles if a.state == ArticleState.published]
    published = published_translations(session, public)
    for article in articles:
        if article.state != ArticleState.published:
            yield article
            continue
        texts = published.get(article.id, ())
        shown = {text.language: text for text in texts}
        for text in article.translations:
            if text.language not in shown:
                report.left_out.append(f"{article.id} ({text.language}): not published yet")
            elif not text.is_published:
                report.left_out.append(f"{article.id} ({text.language}): the change under way")
        original = article.original_language
        ordered = sorted(texts, key=lambda text: (text.language != original, text.language))
        yield replace(article, translations=tuple(ordered))


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
