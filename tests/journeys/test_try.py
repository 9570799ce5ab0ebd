"""/try in a browser: ask, understand, copy, give feedback, with and without JavaScript."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.journeys.conftest import Server

pytestmark = pytest.mark.browser

QUESTION = "PIN-a za paketnik nisem dobil"


def _ask(page: Page, question: str) -> None:
    page.goto("/try")
    page.get_by_role("textbox").fill(question)
    page.get_by_role("button", name="Poišči odgovor").click()


def test_an_agent_asks_copies_the_reply_and_says_that_it_helped(page: Page) -> None:
    _ask(page, QUESTION)
    expect(page.get_by_role("heading", name="Odgovor za pošiljanje")).to_be_visible()
    first = page.locator(".answer").first
    expect(first.get_by_role("heading", level=3)).to_have_text("Nisem prejel PIN-a za paketnik")
    expect(first.locator("mark").first).to_be_visible()
    expect(first.get_by_text("Zakaj")).to_be_visible()
    expect(first.locator(".why__part")).to_have_count(7)
    expect(page.get_by_role("heading", name="Kaj so v takih primerih")).to_be_visible()
    assert "q=PIN-a" in page.url  # the answer has an address

    page.get_by_role("button", name="Kopiraj odgovor").click()
    expect(page.get_by_role("button", name="Kopirano")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "PIN" in copied
    assert "Pozdravljeni" in copied

    with page.expect_response("**/feedback") as answer:
        first.get_by_role("button", name="Uporabljeno").click()
    assert answer.value.status == 201
    expect(first.get_by_role("status")).to_have_text("Hvala, zapisano.")


def test_a_reason_is_given_with_not_this(page: Page) -> None:
    _ask(page, QUESTION)
    first = page.locator(".answer").first
    first.get_by_text("To ni to").click()
    with page.expect_response("**/feedback") as answer:
        first.get_by_role("button", name="Je zastarelo").click()
    assert answer.value.status == 201
    assert answer.value.request.post_data_json["reason"] == "out of date"
    expect(first.get_by_role("status")).to_have_text("Hvala, zapisano.")


def test_a_customer_sees_no_cases(page: Page) -> None:
    _ask(page, QUESTION)
    expect(page.locator("#cases-head")).to_be_visible()
    page.get_by_role("radio", name="Stranka").check()
    expect(page.locator("#cases-head")).to_have_count(0)
    expect(page.locator(".answer").first).to_be_visible()


def test_an_example_is_one_click(page: Page) -> None:
    page.goto("/try?ui=hu")
    page.locator(".chip").first.click()
    expect(page.locator(".answer h3").first).to_have_text(
        "Nem kaptam meg a csomagautomata PIN-kódját"
    )


def test_what_asks_nothing_and_what_is_not_known(page: Page) -> None:
    _ask(page, "hvala lepa")
    expect(page.get_by_role("heading", name="Tukaj ni vprašanja")).to_be_visible()
    _ask(page, "Kateri teleskop naj kupim, da bom videl Saturnove obroče?")
    expect(page.locator(".nothing h2")).to_be_visible()
    expect(page.locator(".reply")).to_have_count(0)


def test_keyboard_alone(page: Page) -> None:
    page.goto("/try")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Na vsebino")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".answer").first).to_be_visible()
    page.get_by_role("button", name="Kopiraj odgovor").focus()
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) != "none"


def test_a_server_that_fails_is_said_and_can_be_asked_again(
    browser: Browser, server: Server
) -> None:
    context = browser.new_context(base_url=server.url, locale="sl-SI")
    page = context.new_page()
    page.route("**/try/answers*", lambda route: route.abort())
    _ask(page, QUESTION)
    expect(page.get_by_role("alert")).to_contain_text("Strežnik se ni odzval")
    page.unroute("**/try/answers*")
    page.get_by_role("button", name="Poskusi znova").click()
    expect(page.locator(".answer").first).to_be_visible()

    def refuse(route: Route) -> None:
        told = '{"detail": "The encoder is away: try later."}'
        route.fulfill(status=503, content_type="application/problem+json", body=told)

    page.route("**/try/answers*", refuse)
    _ask(page, QUESTION)
    expect(page.get_by_role("alert")).to_contain_text("The encoder is away: try later.")
    context.close()


def test_without_javascript(browser: Browser, server: Server) -> None:
    context = browser.new_context(base_url=server.url, locale="sl-SI", java_script_enabled=False)
    page = context.new_page()
    _ask(page, QUESTION)
    expect(page.locator(".answer h3").first).to_have_text("Nisem prejel PIN-a za paketnik")
    expect(page.get_by_role("button", name="Kopiraj odgovor")).to_have_count(0)
    page.locator(".chip").nth(1).click()
    expect(page.locator(".answer").first).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_and_colours_can_be_read(
    browser: Browser, server: Server, width: int, scheme: str
) -> None:
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]  # one of the two it knows
    )
    page = context.new_page()
    script = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
    for address in ("/", f"/try?q={QUESTION}", "/try?q=hvala", "/articles?lang=hu",
                    "/a/delivery-times?lang=pl", "/c/sl-0001", "/docs", "/nowhere"):  # fmt: skip
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
        assert page.evaluate(script) == [], address
    context.close()


def test_links_lead_somewhere(page: Page, server: Server) -> None:
    addresses = set()
    for start in ("/", f"/try?q={QUESTION}", "/articles", "/a/locker-full?lang=en", "/c/sl-0001"):
        page.goto(start)
        addresses |= set(page.evaluate("[...document.links].map((a) => a.href.split('#')[0])"))
    assert len(addresses) > 20
    known = ("locker-", "wrong-postcode", "damaged-", "delivery-times", "/try", "/docs", "/c/")
    for address in addresses:
        if any(part in address for part in known) and address.startswith(server.url):
            assert httpx.get(address).status_code == 200, address


def test_the_serving_process_has_no_torch(server: Server) -> None:
    body = {"messages": [{"role": "customer", "text": QUESTION}]}
    assert httpx.post(f"{server.url}/api/v1/suggest", json=body, timeout=60).status_code == 200
    article = {
        "original_language": "en",
        "translations": [{"language": "en", "title": "a", "body": "# b\n\nc"}],
    }
    address = f"{server.url}/api/v1/articles/torch-free"
    saved = httpx.put(address, json=article | {"state": "published"}, timeout=60)
    assert saved.json()["indexed"] is True
    maps = Path(f"/proc/{server.pid}/maps").read_text(encoding="utf-8", errors="replace")
    assert "onnxruntime" in maps
    assert "libtorch" not in maps
    assert "/torch/" not in maps
