"""What a Help Center says, and where it goes. The round trip is in tests/indexer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from indexer.load import ImportOptions, import_content
from kb.actions.redirects import rename
from kb.domain import Audience
from kb.errors import InvalidInput
from kb.queries.articles import load_article, published_translations
from kb.queries.redirects import list_redirects
from tests.indexer.load.test_pages import png

Sessions = sessionmaker[Session]


def _article(number: int, **more: object) -> dict[str, object]:
    row = {"id": number, "locale": "en-us", "source_locale": "en-us", "title": f"Title {number}",
           "body": f"<p>Text {number}</p>", "draft": False, "section_id": None,
           "user_segment_id": None, "label_names": []}  # fmt: skip
    return row | more


def _text(number: int, locale: str, **more: object) -> dict[str, object]:
    row = {"id": number * 10, "source_id": number, "locale": locale, "draft": False}
    row |= {"title": f"Naslov {number}", "body": f"<p>Besedilo {number}</p>"}
    return row | more


def _write(folder: Path, **lists: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "export.json"
    path.write_text(json.dumps(lists), encoding="utf-8")
    return path


def test_fields_of_an_article(tmp_path: Path, sessions: Sessions) -> None:
    path = _write(
        tmp_path,
        articles=[_article(77, section_id=5, label_names=["keys", "desk"], content_tag_ids=["01H"],
                           promoted=True, vote_count=3, comments_disabled=False,
                           html_url="https://a.example/hc/en-us/articles/77-Title-77")],
        translations=[_text(77, "sl", outdated=True), _text(77, "pt-br", draft=True)],
        sections=[{"id": 5, "name": "Lockers", "category_id": 1, "description": "About"}],
        categories=[{"id": 1, "name": "Delivery"}],
        records=[{"id": "01H", "name": "Handbook"}],
    )  # fmt: skip
    report = import_content(sessions, path).articles
    assert (report.created, report.rejected) == (["title-77"], [])
    assert [n.message for n in report.notices] == [
        "1 articles are promoted, which is not known here.",
        "1 articles have votes, which are not carried over.",
        "1 articles may be commented on by readers there.",
        "1 sections and categories have a description, which is not carried over.",
    ]
    with sessions() as session:
        view = load_article(session, "title-77")
        shown = published_translations(session, ["title-77"])["title-77"]
        redirects = {row.old_id: row.article_id for row in list_redirects(session).items}
    assert view.tags == ("Delivery", "Lockers", "keys", "desk", "Handbook")
    assert [t.language for t in view.translations] == ["en", "pt", "sl"]
    assert {t.language for t in shown} == {"en", "sl"}
    assert redirects == {"77": "title-77", "77-title-77": "title-77"}
    assert import_content(sessions, path).articles.unchanged == ["title-77"]


@pytest.mark.parametrize(
    ("segment", "audience", "told"),
    [
        (None, "public", ""),
        ({"id": 9, "user_type": "signed_in_users"}, "customer", ""),
        ({"id": 9, "user_type": "staff"}, "internal", ""),
        ({"id": 9, "user_type": "staff", "group_ids": [4]}, "internal", "group of colleagues"),
        ({"id": 9, "user_type": "signed_in_users", "tags": ["vip"]}, "internal", "group of cust"),
        ({"id": 8, "user_type": "signed_in_users"}, "internal", "not in the export"),
    ],
)
def test_who_may_read_is_never_more_than_before(
    tmp_path: Path,
    sqlite_sessions: Sessions,
    segment: dict[str, object] | None,
    audience: str,
    told: str,
) -> None:
    path = _write(tmp_path, articles=[_article(1, user_segment_id=9 if segment else None)],
                  user_segments=[segment] if segment else [], sections=[{"id": 1}])  # fmt: skip
    report = import_content(sqlite_sessions, path).articles
    with sqlite_sessions() as session:
        assert load_article(session, "title-1").audience == Audience(audience)
    assert [told in n.message for n in report.notices] == ([True] if told else [])


def test_links_and_pictures_of_every_form(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    body = (
        '<p><a href="https://a.example/hc/sl/articles/2-Naslov#x">a</a> <a href="/hc/articles/2">b'
        '</a> <a href="/hc/en-us/articles/404">c</a> <a href="/hc/en-us/sections/5">d</a>'
        '<img src="https://a.example/hc/article_attachments/31" alt="one">'
        '<img src="/hc/article_attachments/32/van.png"><img src="/hc/article_attachments/33">'
        '<img src="https://other.example/x.png"></p>'
    )
    path = _write(
        tmp_path,
        articles=[_article(1, body=body, html_url="https://a.example/hc/en-us/articles/1"),
                  _article(2)],
        article_attachments=[
            {"id": 33, "article_id": 1, "file_name": "named.png", "inline": True,
             "content_url": "/hc/article_attachments/33"},
            {"id": 34, "article_id": 1, "file_name": "form.pdf", "content_type": "application/pdf",
             "content_url": "https://a.example/hc/article_attachments/34"}],
        sections=[{"id": 1}],
    )  # fmt: skip
    for name, side in (("31-a.png", 3), ("article_attachments/32/van.png", 4), ("named.png", 5)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(png(side))
    report = import_content(sqlite_sessions, tmp_path).articles
    assert (sorted(report.created), report.rejected) == (["title-1", "title-2"], [])
    with sqlite_sessions() as session:
        text = load_article(session, "title-1").translations[0].body
    assert "[a](article:title-2) [b](article:title-2)" in text
    assert "[c](https://a.example/hc/en-us/articles/404)" in text
    assert text.count("](/images/") == 3
    assert "[https://other.example/x.png](https://other.example/x.png)" in text
    assert "[form.pdf](https://a.example/hc/article_attachments/34)" in text
    told = " ".join(n.message for n in report.notices)
    for words in ("article 404, which is not here", "lists of articles", "1 attached files",
                  "a picture is not there: https://other.example/x.png"):  # fmt: skip
        assert words in told
    assert path.exists()


def test_a_new_title_or_key_is_the_same_article(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    path = _write(tmp_path, articles=[_article(1), _article(2, title="Title 1")])
    first = import_content(sqlite_sessions, path).articles
    assert first.created == ["title-1", "title-1-2"]
    with sqlite_sessions.begin() as session:
        rename(session, "title-1", "better-name", "editor")
    _write(tmp_path, articles=[_article(1, title="New"), _article(2, title="Title 1")])
    again = import_content(sqlite_sessions, path).articles
    assert (again.changed, again.unchanged) == (["better-name"], ["title-1-2"])


def test_locales_of_one_language(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    texts = [_text(1, "en-gb"), _text(1, "de-at"), _text(1, "de")]
    path = _write(tmp_path, articles=[_article(1), _article(2)], translations=texts)
    import_content(sqlite_sessions, path)
    with sqlite_sessions() as session:
        view = load_article(session, "title-1")
    assert [t.language for t in view.translations] == ["en", "de", "de-AT", "en-GB"]
    options = ImportOptions(mapping={"de-at": "de"}, dry_run=True)
    report = import_content(sqlite_sessions, path, options).articles
    assert "--map de-at=LANGUAGE" in report.rejected[0].reason or "--map de=" in str(
        report.rejected
    )


def test_bad_records_are_named_and_the_rest_comes_in(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    rows = [
        _article(1),
        {"id": "x", "title": "No number", "body": "<p>a</p>"},
        _article(3, body=None),
        _article(4, title="", name=""),
        "nothing",
        _article(6, body="<p>" + "<b>" * 3000 + "x"),
        _article(7, body="a\0b"),
    ]
    path = _write(tmp_path, articles=rows, translations=[_text(99, "sl"), _text(1, "sl", body=" ")])
    report = import_content(sqlite_sessions, path).articles
    assert report.created == ["title-1"]
    reasons = {r.file: r.reason for r in report.rejected}
    assert len(report.rejected) == 8
    assert "id: input should be" in reasons["export.json#article-x"]
    assert "It has no text" in reasons["export.json#article-3"]
    assert "no title" in reasons["export.json#article-4"]
    assert "nested" in reasons["export.json#article-6"]
    assert "NUL" in reasons["export.json#article-7"]
    assert "99, which is not in it" in reasons["export.json"]
    assert "It has no text" in reasons["export.json#article-1 (sl)"]


def test_other_json_is_told_apart(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    path = tmp_path / "x.json"
    for text in ("{}", "[]", '{"articles": []}', "5", '{"articles": {"a": 1}}'):
        path.write_text(text)
        with pytest.raises(InvalidInput, match="no articles of a Help Center"):
            import_content(sqlite_sessions, path)
    for text, said in (("{", "Not valid JSON"), ("[" * 100_000, "Nested"), ("9" * 5000, "JSON"),
                       ('{"a": 1, "a": 2}', "twice")):  # fmt: skip
        path.write_text(text)
        with pytest.raises(InvalidInput, match=said):
            import_content(sqlite_sessions, path)
        (tmp_path / "a.md").write_text("---\nlanguage: en\ntitle: A\n---\n\nText.\n")
        report = import_content(sqlite_sessions, tmp_path).articles
        assert (report.rejected[0].file, said in report.rejected[0].reason) == ("x.json", True)
