"""Pages for people: languages, structure, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from starlette.testclient import TestClient

from api.schemas.hits import HighlightOut
from api.ui import i18n
from api.ui.examples import EXAMPLES
from api.ui.marks import article_html, marked_markdown, marked_text
from tests.api.calls import suggest

UI = Path(i18n.__file__).parent
PAGES = (
    "/",
    "/try",
    "/try?q=PIN-a+nisem+dobil&who=agent",
    "/try?q=hvala",
    "/articles",
    "/articles?lang=hu",
    "/a/locker-full?lang=pl",
    "/c/en-0001",
    "/docs",
    "/nowhere",
)
HTML = {"accept": "text/html"}


@pytest.mark.parametrize("language", i18n.NAMES)
@pytest.mark.parametrize("path", PAGES)
def test_pages_are_whole_in_every_language(client: TestClient, path: str, language: str) -> None:
    page = client.get(path, headers={**HTML, "accept-language": language})
    assert page.status_code == (404 if path == "/nowhere" else 200)
    text = page.text
    assert f'<html lang="{language}">' in text
    assert page.headers["content-language"] == language
    assert text.count("<h1") == 1
    assert '<main id="main"' in text
    # The content security policy allows none of these.
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!127\.0\.0\.1)', text)
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
        assert client.get(address).status_code == 200


def test_the_language_is_chosen_kept_and_changed(client: TestClient) -> None:
    first = client.get("/try?ui=sl", headers={"accept-language": "pl"})
    assert "Poišči odgovor" in first.text
    assert "Poišči odgovor" in client.get("/try", headers={"accept-language": "pl"}).text
    assert "Znajdź odpowiedź" in client.get("/try?ui=pl").text
    client.cookies.clear()
    assert "Find the answer" in client.get("/try", headers={"accept-language": "de, fr"}).text
    assert "Válasz keresése" in client.get("/try", headers={"accept-language": "de, hu;q=0.5"}).text


@pytest.mark.parametrize(
    ("header", "wanted"),
    [("sl-SI,en;q=0.5", "sl"), ("en;q=0.2,cs;q=0.9", "cs"), ("*", "en"), ("hu;q=x,pl", "pl")],
)
def test_what_a_browser_prefers(header: str, wanted: str) -> None:
    assert i18n.choose(None, header) == wanted


def _needed() -> Catalog:
    options = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
    needed = Catalog()
    for found in extract_from_dir(UI, [("**/templates/**.html", "jinja2")], options):
        needed.add(found[2])
    return needed


@pytest.mark.parametrize("language", i18n.NAMES)
def test_every_text_is_translated(language: str) -> None:
    needed = {message.id for message in _needed() if message.id}
    found = [message for path in i18n.catalogues(language) for message in _messages(path, language)]
    there = {message.id: message for message in found}
    assert len(there) == len(found)  # no text stands in two files
    assert {str(key) for key in needed} == {str(key) for key in there}
    for key, message in there.items():
        ids, texts = _forms(key), _forms(message.string)
        assert all(texts), key
        for text in texts:
            assert _names(text) == _names(ids[0]), key
    assert len(there) > 100


def _messages(path: Path, language: str) -> list[Message]:
    with path.open("rb") as file:
        return [message for message in read_po(file, locale=language) if message.id]


def _forms(value: str | tuple[str, ...] | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _names(text: str) -> set[str]:
    assert not list(Formatter().parse(text.replace("{", "{{").replace("}", "}}")))[1:]
    return set(re.findall(r"%\((\w+)\)s", text))


def test_slovenian_has_a_dual() -> None:
    texts = i18n.translations("sl")
    counted = [
        texts.ngettext("%(num)s article", "%(num)s articles", n) % {"num": n}
        for n in (1, 2, 3, 5, 102)
    ]
    assert counted == ["1 članek", "2 članka", "3 članki", "5 člankov", "102 članka"]


@pytest.mark.parametrize("language", EXAMPLES)
def test_example_questions_are_understood(client: TestClient, language: str) -> None:
    for question in EXAMPLES[language]:
        assert suggest(client, question)["language"] == language, question


def test_try_works_without_javascript(client: TestClient) -> None:
    page = client.get("/try", params={"q": "PIN-a nisem dobil", "who": "agent", "ui": "en"}).text
    assert "Reply to send" in page
    assert "<mark>" in page
    assert "Nisem prejel PIN-a za paketnik" in page
    assert "What colleagues did in cases like this" in page
    outside = client.get(
        "/try", params={"q": "PIN-a nisem dobil", "who": "customer", "ui": "en"}
    ).text
    assert "Reply to send" in outside
    assert "What colleagues did in cases like this" not in outside
    nothing = client.get("/try", params={"q": "hvala lepa", "ui": "en"}).text
    assert "Nothing is asked here" in nothing


def test_articles_are_listed_without_what_is_internal(client: TestClient) -> None:
    page = client.get("/articles?lang=cs&ui=cs").text
    assert 'href="/a/locker-full?lang=cs"' in page
    assert "goodwill" not in page


def test_an_article_page_switches_languages_and_says_when_it_cannot(client: TestClient) -> None:
    page = client.get("/a/locker-full?lang=sl&ui=en").text
    for language in i18n.NAMES:
        assert f'href="/a/locker-full?lang={language}"' in page
    missing = client.get("/a/locker-full?lang=de&ui=en").text
    assert "not there in the language you asked for" in missing


def test_highlights_never_break_a_passage() -> None:
    text = "1. Open [the page](article:open-page) and `open` it, see https://open.example\n2. open"
    spans = [HighlightOut(start=m.start(), end=m.end()) for m in re.finditer("open|1|Open", text)]
    html = str(marked_markdown(text, spans))
    assert html.count("<mark>") == html.count("</mark>") == 2
    assert 'href="/a/open-page"' in html
    assert "<ol>" in html
    overlapping = [HighlightOut(start=0, end=4), HighlightOut(start=2, end=6)]
    assert str(marked_text("abcdefgh", overlapping)) == "<p><mark>abcd</mark>efgh</p>"
    assert str(marked_text("<b>\ue000", [])) == "<p>&lt;b&gt; </p>"


def test_links_between_articles_stay_in_the_language() -> None:
    html = str(article_html("See [it](article:locker-full) or <b onclick='x'>this</b>.", "sl"))
    assert 'href="/a/locker-full?lang=sl"' in html
    assert "<b onclick" not in html
