"""All of content/ and a whole Help Center in, out, and in again: nothing is lost.

`make imports` does it with 2,000 articles through the command and writes the report.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import SQLModel

from indexer.export import export_content
from indexer.load import ImportReport, import_content
from kb.db import create_engine_for, session_factory
from kb.domain import Attachment
from kb.queries.articles import iter_articles, published_translations
from kb.queries.carried import load_keys, load_marks
from kb.text.markdown import plain_text, render_html
from tests.indexer.help_center import LOCALES, HelpCenter, MadeArticle, MadeText, write_help_center

ARTICLES = int(os.environ.get("POTICA_IMPORT_ARTICLES", "60"))
REPORT = os.environ.get("POTICA_IMPORT_REPORT")
Sessions = sessionmaker[Session]


@pytest.fixture
def places(tmp_path: Path, sqlite_template: Path) -> Iterator[Callable[[str], Sessions]]:
    """Installations by name, each empty at first."""
    engines = []

    def place(name: str) -> Sessions:
        path = tmp_path / f"{name}.db"
        shutil.copy(sqlite_template, path)
        engine = create_engine_for(f"sqlite:///{path}")
        engines.append(engine)
        return session_factory(engine)

    yield place
    for engine in engines:
        engine.dispose()


@dataclass(frozen=True, slots=True)
class Done:
    """One run and what it took."""

    seconds: float
    megabytes: float | None
    report: ImportReport | None


def test_the_demo_content_twice_around(
    content: Path, tmp_path: Path, places: Callable[[str], Sessions]
) -> None:
    lines = _around(content, tmp_path, places, "content/")
    _told("content", lines)


def test_a_help_center_loses_nothing(tmp_path: Path, places: Callable[[str], Sessions]) -> None:
    made = write_help_center(tmp_path / "zendesk", ARTICLES)
    lines = _around(tmp_path / "zendesk", tmp_path, places, "Help Center", made)
    _told("help_center", lines)


def _around(
    source: Path,
    tmp_path: Path,
    places: Callable[[str], Sessions],
    name: str,
    made: HelpCenter | None = None,
) -> list[str]:
    """In, again, out, in elsewhere, out: what is measured, as rows of a table."""
    first = places("first")
    once = _import(first, source, tmp_path / "first.db")
    compared = "" if made is None else _compare(first, made)
    rows = _rows(first)
    twice = _import(first, source, tmp_path / "first.db")
    assert _rows(first) == rows, "a second run wrote something"
    started = time.perf_counter()
    one = _export(first, tmp_path / "one")
    exported = time.perf_counter() - started
    if made is None:
        wanted = {n: data for n, data in _bytes(source).items() if not n.startswith("offers/")}
        assert one == wanted
    second = places("second")
    back = _import(second, tmp_path / "one", tmp_path / "second.db")
    assert _export(second, tmp_path / "two") == one
    again = _rows(second)
    _import(second, tmp_path / "one", tmp_path / "second.db")
    assert _rows(second) == again
    size = sum(map(len, one.values())) / 1e6
    texts = sum(1 for path in one if path.endswith(".md"))

    def told(done: Done) -> str:
        memory = "" if done.megabytes is None else f"{done.megabytes:,.0f} MB"
        return f"{done.seconds:,.1f} s | {memory}"

    return [
        f"| {name}: import, {rows['article']:,} articles, {texts:,} texts | {told(once)} |",
        f"| {name}: import again, nothing written | {told(twice)} |",
        f"| {name}: export, {len(one):,} files, {size:,.1f} MB | {exported:,.1f} s | |",
        f"| {name}: import of the export elsewhere, exported alike | {told(back)} |",
        *([compared] if compared else []),
    ]


def _import(sessions: Sessions, source: Path, database: Path) -> Done:
    """Through the command where a report is wanted, since its memory can be told then."""
    started = time.perf_counter()
    if REPORT is None:
        report = import_content(sessions, source)
        assert report.ok
        return Done(time.perf_counter() - started, None, report.articles)
    home = database.with_suffix(".home")
    home.mkdir(exist_ok=True)
    settings = {"POTICA_DATABASE_URL": f"sqlite:///{database}", "POTICA_HOME": str(home)}
    command = [sys.executable, "-c", _CHILD, str(source)]
    done = subprocess.run(
        command, env=os.environ | settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    memory = float(done.stdout.strip().rpartition("\n")[2]) / 1024
    return Done(time.perf_counter() - started, memory, None)


_CHILD = """
import resource, sys
from kb.cli.content import app
code = 0
try:
    app(["import", sys.argv[1]])
except SystemExit as found:
    code = found.code or 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


def _export(sessions: Sessions, folder: Path) -> dict[str, bytes]:
    with sessions() as session:
        report = export_content(session, folder)
    assert report.left_out == []
    return _bytes(folder)


def _bytes(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _rows(sessions: Sessions) -> dict[str, int]:
    """How many rows each table has."""
    with sessions() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in SQLModel.metadata.sorted_tables
        }


def _compare(sessions: Sessions, made: HelpCenter) -> str:
    """Every article, text, picture and address of the Help Center against what is there now."""
    with sessions() as session:
        keys = load_keys(session).redirects
        views = {view.id: view for view in iter_articles(session)}
        shown = published_translations(session, views)
        marks = load_marks(session, {t.revision_id for v in views.values() for t in v.translations})
        pictures = {row.key: row.data for row in session.scalars(select(Attachment))}
    assert len(views) == len(made.articles)
    counts: Counter[str] = Counter()
    by_number = {number: keys[str(number)] for number in made.articles}
    assert len(set(by_number.values())) == len(made.articles)
    for number, article in made.articles.items():
        view = views[by_number[number]]
        assert (view.original_language, view.audience) == (
            LOCALES[article.source],
            article.audience,
        )
        assert list(view.tags) == article.tags
        assert {t.language for t in view.translations} == {LOCALES[x] for x in article.texts}
        readers = {text.language for text in shown.get(view.id, ())}
        for locale, text in article.texts.items():
            there = view.translation(LOCALES[locale])
            assert there is not None
            assert (LOCALES[locale] in readers) == (not text.is_draft)
            _compare_text(text, there.title, there.body, by_number, made, pictures)
            if text.is_outdated:
                assert marks[there.revision_id].source_hash is None
            counts["texts"] += 1
            counts["words"] += len(text.words)
            counts["links"] += len(text.links) + text.web_links
            counts["pictures shown"] += len(text.pictures)
        _compare_addresses(article, keys, view.id)
        counts["old addresses"] += len(article.addresses) + 1
    assert len(pictures) == len(set(made.pictures.values()))
    return "Compared: " + ", ".join(f"{n:,} {what}" for what, n in counts.items()) + "."


def _compare_text(
    text: MadeText,
    title: str,
    body: str,
    by_number: dict[int, str],
    made: HelpCenter,
    pictures: dict[str, bytes],
) -> None:
    assert title == text.title
    there = re.findall(r"[^\W\d_]+", plain_text(body))
    assert there == [word for word in text.words], "words, each in its place"
    page = render_html(body)
    assert len(re.findall(r"<h2", page)) == text.headings
    assert len(re.findall(r"<li", page)) == text.items
    assert len(re.findall(r"<t[hd]\b", page)) == text.cells
    assert re.findall(r'href="/a/([^"]+)"', page) == [by_number[x] for x in text.links]
    assert page.count('href="https://post.example/') == text.web_links
    images = re.findall(r'src="/images/([^"]+)"', page)
    assert [pictures[key] for key in images] == [made.pictures[name] for name in text.pictures]
    for key in images:
        assert key.startswith(hashlib.sha256(pictures[key]).hexdigest()[:32])


def _compare_addresses(article: MadeArticle, keys: dict[str, str], key: str) -> None:
    for address in article.addresses:
        assert _led(address, keys) == key


def _led(address: str, keys: dict[str, str]) -> str | None:
    from indexer.load.reading import old_key

    found = old_key(address)
    return None if found is None else keys.get(found.key)


_lines: dict[str, list[str]] = {}


def _told(name: str, lines: list[str]) -> None:
    """Write the report once both are there."""
    _lines[name] = lines
    if REPORT is None or len(_lines) < 2:
        return
    table = [line for found in _lines.values() for line in found if line.startswith("|")]
    rest = [line for found in _lines.values() for line in found if not line.startswith("|")]
    Path(REPORT).write_text(
        TEXT.format(
            day=datetime.now(UTC).date(),
            articles=ARTICLES,
            cores=os.cpu_count(),
            machine=platform.machine(),
            python=platform.python_version(),
            table="\n".join(table),
            compared="\n".join(rest),
        ),
        encoding="utf-8",
    )


TEXT = """# Imports and exports, there and back

`make imports` on {day}: SQLite, {cores} cores ({machine}, shared with other work), Python {python}.

The demo company's `content/`, and a Help Center of {articles:,} articles in the shape of Zendesk's
API, made of the demo company's words: five locales, sections in sections, user segments, labels,
drafts, outdated translations, titles that several articles share, headings, nested lists, tables,
code, quotes, links between articles in three forms, links to the web, pictures beside the JSON.

| | time | memory at most |
| --- | ---: | ---: |
{table}

Memory is that of the importing process. The time is that of the whole command by the clock, at low
priority on a machine that others kept busy (a load of 5 to 8).

**Nothing lost** means, and each is an assertion: every article is there once and found by its old
number; every text has its title and every word in its place; as many headings, list items, cells
and links; each link between articles leads to the article it led to; each picture has the same
bytes; state, original language, outdated marks, audience and tags are those of the source; every
old address leads to its article. {compared}

**A second run changes nothing** means that no table of the database has a row more, the audit and
the index's outbox included. **Out and in again**: the export imported elsewhere and exported once
more is the same, byte for byte; `content/` comes out as it went in.

What a Help Center has and Potica does not, each import tells: [what is lost](../import.md).
"""
