"""Texts of tables: HTML becomes Markdown, pictures beside the table come along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from indexer.load.columns import article_part
from indexer.load.file_urls import file_urls, is_picture
from indexer.load.html_markdown import convert_page
from indexer.load.html_tree import Notes
from indexer.load.markdown_links import rewrite
from indexer.load.reading import Reading
from indexer.load.records import ArticlePart, RawRecord
from indexer.load.report import Notice, Rejection
from kb.errors import InvalidInput, KbError


def read_rows(
    path: Path, records: Iterable[RawRecord | Rejection], reading: Reading
) -> Iterator[ArticlePart | Rejection | Notice]:
    """The article in each row; `path` is the table's file."""
    for record in records:
        if isinstance(record, Rejection):
            yield record
            continue
        try:
            notes = Notes()
            part = _with_text(path, article_part(record, reading.options, notes), reading, notes)
        except KbError as error:
            yield Rejection(record.source.file, record.source.line, error.message)
            continue
        for told in notes.told():
            yield Notice(record.source.file, record.source.line, told)
        yield part


def _with_text(path: Path, part: ArticlePart, reading: Reading, notes: Notes) -> ArticlePart:
    urls = file_urls(path, reading, lambda _: None, notes)
    if reading.options.body_html:
        body = convert_page(part.text.body, urls, notes).markdown
        if not body:
            raise InvalidInput("The text is empty once its HTML is gone: write it.")
    else:
        body = rewrite(part.text.body, urls, is_picture, notes)
        if "</p>" in body or "<br" in body:
            notes.add(
                "the text looks like HTML, which shows as it is: say that the texts are HTML"
                " (`--body html`)"
            )
    text = replace(part.text, body=body)
    return replace(part, text=text)
