"""An editor imports a file: with the keyboard, by dropping it, and without scripts."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import Server
from tests.journeys.desk import check, page_of
from tests.journeys.signed_in import Person, signed_in
from tests.kb.images.pictures import picture

pytestmark = pytest.mark.browser

PAGE = """<html lang=en><title>The shelf {0}</title><link rel=canonical href=/old/shelf-{0}.html>
<p>It is on the left.</p><img src=a.png alt="A shelf"><script>x</script></html>"""


@pytest.fixture(scope="module")
def editor(browser: Browser, closed_server: Server) -> Iterator[BrowserContext]:
    """The browser of a publisher."""
    person = Person("publisher", "Iva Kos", email="iva.kos@lipa.example")
    context = signed_in(browser, closed_server, person)
    yield context
    context.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages with a picture, one that says no language, and what nobody needs."""
    path = tmp_path_factory.mktemp("import") / "site.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in (1, 2):
            archive.writestr(f"en/journey-shelf-{number}.html", PAGE.format(number))
        archive.writestr("en/a.png", picture(colour=(7, 70, 7)))
        archive.writestr("other/hall.html", "<title>Hall</title><p>It is wide.</p>")
        archive.writestr("notes.css", "p{}")
    return path


def sums(page: Page) -> list[str]:
    return page.locator(".sums dd").all_inner_texts()


def test_a_file_is_looked_at_and_taken(editor: BrowserContext, site: Path) -> None:
    with page_of(editor) as page:
        page.goto("/editor/import?ui=en")
        check(page, "form")
        page.locator("#file").set_input_files(site)
        page.locator("#language").focus()
        page.keyboard.press("Enter")  # in a form it opens the list: nothing is sent
        assert page.url.endswith("/editor/import?ui=en")
        page.get_by_role("button", name="See what would happen").press("Enter")
        page.wait_for_url("**/imp_*")
        expect(page.get_by_role("heading", level=1)).to_have_text("What would happen")
        assert sums(page) == ["2", "0", "0", "1", "1", "2"]
        expect(page.locator("main")).to_contain_text("other/hall.html")
        expect(page.locator("main")).to_contain_text("a script was left out")
        check(page, "report")
        expect(page.get_by_role("button", name="Import 2 articles")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Imported")
        check(page, "done")
        page.get_by_role("link", name="The shelf 1").press("Enter")
        expect(page.locator("#title")).to_have_value("The shelf 1")


def test_a_file_is_dropped_and_another_one_is_too_large(editor: BrowserContext) -> None:
    page = editor.new_page()  # the browser notes by itself that the server said no
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/editor/import?ui=sl")
    drop = """([selector, text, name]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name));
      const at = document.querySelector(selector);
      for (const kind of ["dragenter", "dragover", "drop"])
        at.dispatchEvent(new DragEvent(kind, {
          dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    page.evaluate("document.getElementById('send').dataset.most = '30'")
    page.evaluate(drop, ["#drop", PAGE, "large.html"])
    expect(page.locator("#told")).to_contain_text("največ 64 MB")
    check(page, "too large")
    page.evaluate("document.getElementById('send').dataset.most = '64000000'")
    page.evaluate(drop, ["#drop", "MZ", "program.exe"])
    expect(page.locator("#told")).to_be_hidden()
    page.get_by_role("button", name="Poglej, kaj bi se zgodilo").click()
    expect(page.locator("#told")).to_contain_text("Cannot tell what program.exe is")
    page.close()


def test_the_columns_of_a_table_are_offered(editor: BrowserContext, tmp_path: Path) -> None:
    table = tmp_path / "faq.csv"
    table.write_text(
        '\ufeffQuestion;"Answer; long";Lang\nWhere is the attic?;Up the stairs.;en\n',
        encoding="utf-8",
    )
    lines = tmp_path / "faq.jsonl"
    lines.write_text('{"title": "A", "body": "B", "kept": 1}\n', encoding="utf-8")
    with page_of(editor) as page:
        page.goto("/editor/import?ui=en")
        found = page.locator("#columns [data-found]")
        page.locator("#file").set_input_files(table)
        expect(found).to_have_text("Columns of this file: Question · Answer; long · Lang")
        offered = page.locator("#column-names option").evaluate_all("all => all.map(o => o.value)")
        assert offered == ["Question", "Answer; long", "Lang"]
        check(page, "columns")
        page.locator("#file").set_input_files(lines)
        expect(found).to_have_text("Columns of this file: title · body · kept")
        page.locator("#file").set_input_files(table)
        for name, column in (("title", "Question"), ("body", "Answer; long"), ("language", "Lang")):
            page.locator(f"#column-{name}").fill(column)
        page.get_by_role("button", name="See what would happen").click()
        page.wait_for_url("**/imp_*")
        assert sums(page)[0] == "1"
        page.get_by_role("button", name="Discard").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Import articles")


def test_it_works_without_scripts(
    browser: Browser, closed_server: Server, editor: BrowserContext, site: Path
) -> None:
    context = browser.new_context(
        base_url=closed_server.url,
        storage_state=editor.storage_state(),
        java_script_enabled=False,
    )
    page = context.new_page()
    page.goto("/editor/import?ui=en")
    page.locator("#file").set_input_files(site)
    page.locator("#language").select_option("en")
    page.get_by_role("button", name="See what would happen").click()
    assert sums(page)[3] == "0"
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Import articles")
    context.close()


def test_how_far_it_is_is_shown_when_it_takes_longer(
    editor: BrowserContext, tmp_path: Path
) -> None:
    lines = "".join(f"slow-{n},Slow {n},It is slow number {n}.\n" for n in range(1_000))
    table = tmp_path / "slow.csv"
    table.write_text(f"id,title,body\n{lines}", encoding="utf-8")
    with page_of(editor) as page:
        page.goto("/editor/import?ui=en")
        page.locator("#file").set_input_files(table)
        page.locator("#language").select_option("en")
        page.get_by_role("button", name="See what would happen").click()
        expect(page.locator("#moving-told")).to_contain_text("of 1,000 articles tried")
        assert page.locator("#moving-bar").get_attribute("max") == "1000"
        check(page, "progress")
        page.goto("/editor/import?ui=en")
        page.get_by_role("link", name="slow.csv").click()
        expect(page.get_by_role("button", name="Import 1000 articles")).to_be_visible(
            timeout=90_000
        )
        page.get_by_role("button", name="Discard").click()
        page.wait_for_url("**/editor/import")
