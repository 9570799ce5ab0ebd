"""The whole journey in each host on another origin: in, answers, a new turn, a reply; by keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect
from sqlmodel import col, select

from kb.domain import Interaction, InteractionMessage
from tests.hosts.installation import PASSWORD, Installation
from tests.journeys.axe import violations

pytestmark = pytest.mark.browser

FIRST, SECOND = "Nisem prejel PIN-a za paketnik", "Paketnik je bil poln"
NEXT_TURN = "Zdaj vidim, da je bil paketnik poln in da so paket preusmerili v drugega."
REPLY = "hvala za vaše sporočilo."
SECRETS = ("stranka je VIP", "dodeljen")
CLIPBOARD = "The Clipboard API has been blocked"  # by hosts that lend it not; then another way goes
TABS = 12  # at most, from the page of the host into the sidebar


@pytest.fixture
def desk(browser: Browser, embedded: Installation) -> Iterator[BrowserContext]:
    """A browser of one's own, Slovenian. Whatever a script of ours complains of fails the test."""
    context = browser.new_context(
        base_url=embedded.desks.desk, locale="sl-SI", viewport={"width": 1100, "height": 900}
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on(
        "console", lambda said: complaints.append(said.text) if said.type == "error" else None
    )
    yield context
    context.close()
    assert [text for text in complaints if CLIPBOARD not in text] == []


def _open(desk: BrowserContext, embedded: Installation, host: str) -> tuple[Page, Frame]:
    """The page of a host, and the sidebar in it."""
    page = desk.new_page()
    page.goto(f"/{host}.html")
    return page, sidebar_of(page, embedded)


def sidebar_of(page: Page, embedded: Installation) -> Frame:
    """The frame with the sidebar, wherever it is in the page."""
    for _ in range(100):
        for frame in page.frames:
            if frame.url.startswith(f"{embedded.url}/embed"):
                frame.wait_for_load_state()
                return frame
        page.wait_for_timeout(50)
    raise AssertionError(f"no sidebar among {[frame.url for frame in page.frames]}")


def _tab_into(page: Page, sidebar: Frame) -> None:
    """Go into the sidebar by the tab key alone."""
    page.locator("body").press("Tab")
    for _ in range(TABS):
        if sidebar.evaluate("document.hasFocus() && document.activeElement !== document.body"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the sidebar is not reached by the tab key")


def _sign_in(page: Page, sidebar: Frame, embedded: Installation) -> None:
    """Sign in in the window of our own, by keys alone."""
    button = sidebar.get_by_role("button", name="Prijava")
    expect(button).to_be_visible()
    _tab_to(page, sidebar, "[data-do=sign-in]")
    with page.expect_popup() as opened:
        page.keyboard.press("Enter")
    window = opened.value
    window.wait_for_load_state()
    expect(window.get_by_text(embedded.desks.desk)).to_be_visible()
    if window.get_by_label("E-pošta").count():
        expect(window.get_by_label("E-pošta")).to_be_focused()
        assert violations(window) == []
        window.keyboard.type(embedded.agent.email)
        window.keyboard.press("Tab")
        window.keyboard.type(PASSWORD)
        window.keyboard.press("Enter")
    allow = window.get_by_role("button", name="Dovoli")
    expect(allow).to_be_enabled(timeout=20_000)
    assert violations(window) == []
    for _ in range(4):
        if allow.evaluate("button => document.activeElement === button"):
            break
        window.keyboard.press("Tab")
    with window.expect_event("close"):
        window.keyboard.press("Enter")


def _tab_to(page: Page, sidebar: Frame, selector: str) -> None:
    _tab_into(page, sidebar)
    for _ in range(TABS):
        if sidebar.locator(f"{selector}:focus").count():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by the tab key")


def _answered(sidebar: Frame, title: str) -> None:
    expect(sidebar.locator("#articles-section .card").first).to_contain_text(title, timeout=20_000)
    assert violations(sidebar) == []


def _what_came(embedded: Installation, source: str) -> tuple[Interaction, list[InteractionMessage]]:
    with embedded.sessions() as session:
        found = session.scalars(select(Interaction).where(col(Interaction.source) == source)).one()
        messages = select(InteractionMessage).where(
            col(InteractionMessage.interaction_id) == found.id
        )
        return found, list(session.scalars(messages.order_by(col(InteractionMessage.at))))


def _check_context(embedded: Installation, source: str, external_id: str, channel: str) -> None:
    """What the host told has come, and of notes between colleagues nothing."""
    found, messages = _what_came(embedded, source)
    assert (found.external_id, found.channel) == (external_id, channel)
    assert found.customer_ref == "jana.kos@example.com"
    assert [message.role for message in messages[:2]] == ["customer", "agent"]
    assert messages[0].text == "Dober dan, PIN-a za paketnik nisem dobila."
    for secret in SECRETS:
        assert not any(secret in message.text for message in messages)


def _check_turn(page: Page, sidebar: Frame, embedded: Installation, source: str) -> None:
    """A turn that comes later changes the answers, and comes once."""
    page.evaluate("text => say(text)", NEXT_TURN)
    fresh = sidebar.locator("#fresh")
    card = sidebar.locator("#articles-section .card").first
    expect(card.or_(fresh).filter(visible=True).first).to_be_visible()
    sidebar.wait_for_function(
        """title => {
          const fresh = document.getElementById("fresh");
          if (fresh && !fresh.hidden) fresh.querySelector("button")?.click() ?? fresh.click();
          return document.querySelector("#articles-section .card")?.textContent.includes(title);
        }""",
        arg=SECOND,
        timeout=20_000,
    )
    _, messages = _what_came(embedded, source)
    assert [message.text for message in messages].count(NEXT_TURN) == 1


def test_chatwoot(desk: BrowserContext, embedded: Installation) -> None:
    page, sidebar = _open(desk, embedded, "chatwoot")
    _sign_in(page, sidebar, embedded)
    expect(sidebar.locator("#who")).to_have_text("Jana Kos")
    _answered(sidebar, FIRST)
    _check_context(embedded, "chatwoot", "3:12", "chat")
    found, _ = _what_came(embedded, "chatwoot")
    assert found.facets == {"country": ["SI"]}

    expect(sidebar.get_by_role("button", name="Vstavi")).to_have_count(0)  # it has no such call
    _tab_into(page, sidebar)
    page.keyboard.press("c")
    page.get_by_label("Reply").focus()
    page.keyboard.press("Control+v")
    expect(page.get_by_label("Reply")).to_have_value(_containing(REPLY))
    _check_turn(page, sidebar, embedded, "chatwoot")

    # Chatwoot makes the frame anew for each conversation: nobody signs in again for that.
    page.reload()
    _answered(sidebar_of(page, embedded), SECOND)


def test_zendesk(desk: BrowserContext, embedded: Installation) -> None:
    page, sidebar = _open(desk, embedded, "zendesk")
    expect(sidebar.locator("#who")).to_have_text("Jana Kos")  # by Zendesk's signature alone
    _answered(sidebar, FIRST)
    _check_context(embedded, "zendesk", "4711", "email")
    found, _ = _what_came(embedded, "zendesk")
    assert found.subject == "PIN za paketnik"

    _tab_into(page, sidebar)
    page.keyboard.press("i")
    expect(page.get_by_label("Reply")).to_have_value(_containing(REPLY))
    actions = page.evaluate("window.invoked.map(([action]) => action)")
    assert set(actions) == {"resize", "ticket.editor.insert"}
    _check_turn(page, sidebar, embedded, "zendesk")


def test_freshdesk(desk: BrowserContext, embedded: Installation) -> None:
    _already_signed_in(desk, embedded)
    page, sidebar = _open(desk, embedded, "freshdesk")
    # Its app is a frame of another origin: that one shows the sidebar, and is the one to allow.
    with page.expect_popup() as opened:
        sidebar.get_by_role("button", name="Prijava").press("Enter")
    expect(opened.value.get_by_text(embedded.desks.app)).to_be_visible()
    allow = opened.value.get_by_role("button", name="Dovoli")
    expect(allow).to_be_enabled(timeout=20_000)
    allow.press("Enter")
    expect(sidebar.locator("#who")).to_have_text("Jana Kos")
    _answered(sidebar, FIRST)
    _check_context(embedded, "freshdesk", "25", "email")

    _tab_into(page, sidebar)
    page.keyboard.press("i")
    expect(page.locator("#reply")).to_contain_text(REPLY)
    [(action, given)] = page.evaluate("window.triggered")
    assert (action, given["id"], given["replace"]) == ("setValue", "editor", False)
    assert "<br>" in given["text"]
    _check_turn(page, sidebar, embedded, "freshdesk")


def test_a_page_of_ones_own(desk: BrowserContext, embedded: Installation) -> None:
    page, sidebar = _open(desk, embedded, "plain")
    expect(sidebar.locator("#who")).to_have_text("Jana Kos")  # by the token of the page's server
    _answered(sidebar, FIRST)
    _check_context(embedded, "crm", "call-77", "phone")

    _tab_into(page, sidebar)
    page.keyboard.press("i")
    expect(page.get_by_label("Reply")).to_have_value(_containing(REPLY))
    expect(page.get_by_label("Reply")).to_be_focused()
    [inserted] = page.evaluate("window.inserted")
    assert REPLY in inserted["text"]
    assert inserted["format"] == "text"
    assert inserted["suggestionId"]
    assert all(source.startswith(embedded.url) for source in inserted["sources"])
    _check_turn(page, sidebar, embedded, "crm")


def test_a_token_is_renewed_before_its_end(browser: Browser, embedded: Installation) -> None:
    context = browser.new_context(bypass_csp=True)  # so that the test may load the module
    page = context.new_page()
    page.goto(f"{embedded.desks.desk}/plain.html")
    sidebar = sidebar_of(page, embedded)
    expect(sidebar.locator("#articles-section .card").first).to_be_visible(timeout=20_000)
    tokens = "const tokens = (await import('/static/embed/token.js')).createTokens();"
    with page.expect_response("**/widget-tokens/renew") as renewed:
        before = sidebar.evaluate(f"""async () => {{
            {tokens}
            tokens.current.ends = Date.now() + 30_000;
            return tokens.bearer();
        }}""")
    assert renewed.value.status == 201
    sidebar.wait_for_function(f"async (before) => {{ {tokens} return (await tokens.bearer()) !== before }}", arg=before)  # fmt: skip  # noqa: E501
    context.close()


def test_the_sidebar_is_put_away_and_back_by_keys(
    desk: BrowserContext, embedded: Installation
) -> None:
    page, _ = _open(desk, embedded, "plain")
    frame = page.locator("#potica-sidebar")
    button = page.get_by_role("button", name="Hide the sidebar")
    expect(button).to_have_attribute("aria-expanded", "true")
    assert violations(page) == []  # what embed.js adds to a page
    button.press("Enter")
    expect(frame).to_be_hidden()
    again = page.get_by_role("button", name="Show the sidebar")
    expect(again).to_have_attribute("aria-expanded", "false")
    again.press("Enter")
    expect(frame).to_be_visible()
    assert page.evaluate("Potica.context(7), Potica.on('x'), Potica.message(null), 'still here'")
    assert page.evaluate("window.Potica.theme('dark'), true")
    expect(sidebar_of(page, embedded).locator("html")).to_have_attribute("data-theme", "dark")


def test_an_address_with_a_query(desk: BrowserContext, embedded: Installation) -> None:
    _already_signed_in(desk, embedded)
    page, sidebar = _open(desk, embedded, "query")
    _sign_in(page, sidebar, embedded)
    _answered(sidebar, FIRST)
    found, messages = _what_came(embedded, "crm-page")
    assert (found.external_id, found.channel) == ("9001", "email")
    assert found.facets == {"country": ["SI"]}
    assert [message.text for message in messages] == ["PIN-a za paketnik nisem dobila"]
    _tab_into(page, sidebar)
    page.keyboard.press("c")
    page.get_by_label("Reply").focus()
    page.keyboard.press("Control+v")
    expect(page.get_by_label("Reply")).to_have_value(_containing(REPLY))


def test_in_a_tab_of_its_own(desk: BrowserContext, embedded: Installation) -> None:
    _already_signed_in(desk, embedded)
    page = desk.new_page()
    page.goto(f"{embedded.url}/embed?source=tab&external_id=1&text=PIN-a%20nisem%20dobil")
    expect(page.locator("#articles-section .card").first).to_contain_text(FIRST, timeout=20_000)
    found, _ = _what_came(embedded, "tab")
    assert found.external_id == "1"


def _already_signed_in(desk: BrowserContext, embedded: Installation) -> None:
    """As if the person had used Potica itself in this browser today."""
    account = {"email": embedded.agent.email, "password": PASSWORD}
    done = desk.request.post(f"{embedded.url}/api/v1/session", data=account)
    assert done.status == 201


def _containing(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))
