"""Somebody who knows is asked during a conversation, and answers on a page of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.axe import violations
from tests.journeys.conftest import Server
from tests.journeys.signed_in import Person, choose_password, invite

pytestmark = pytest.mark.browser
HEADING = {
    "en": "Questions for you",
    "pl": "Pytania do Ciebie",
    "cs": "Otázky pro vás",
    "sl": "Vprašanja za vas",
    "hu": "Önhöz érkezett kérdések",
}
_CALL = """async ([method, path, body]) => {
  const csrf = document.querySelector('meta[name="csrf-token"]').content;
  const headers = {"content-type": "application/json", "x-csrf-token": csrf};
  const text = body === null ? undefined : JSON.stringify(body);
  const answer = await fetch(path, {method, headers, body: text});
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}"""


@pytest.fixture(scope="module")
def people(browser: Browser, closed_server: Server) -> Iterator[tuple[Page, Page]]:
    """Two agents, each at a browser of their own."""
    contexts = [browser.new_context(base_url=closed_server.url, locale="en-GB") for _ in range(2)]
    pages = []
    for context, name in zip(contexts, ("tjasa", "bor"), strict=True):
        person = Person("agent", name.title(), email=f"{name}@lipa.example")
        page = context.new_page()
        choose_password(page, invite(closed_server, person))
        pages.append(page)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def test_a_question_is_answered_with_the_keyboard(people: tuple[Page, Page]) -> None:
    asker, expert = people
    who = expert.evaluate(_CALL, ["GET", "/api/v1/session", None])["user_id"]
    said = {"role": "customer", "text": "My locker PIN never arrived, what do I do?"}
    begun = {"channel": "chat", "messages": [said]}
    view = asker.evaluate(_CALL, ["POST", "/api/v1/interactions?wait=5000", begun])
    path = f"/api/v1/interactions/{view['interaction']['id']}"
    question = {"asked_of": who, "text": "May I send it by e-mail?"}
    question["suggestion_id"] = view["suggestion"]["id"]
    asker.evaluate(_CALL, ["POST", f"{path}/questions", question])

    expert.get_by_text("Bor").click()
    expert.get_by_role("link", name="Questions for you").click()
    expect(expert.get_by_role("heading", name="May I send it by e-mail?")).to_be_visible()
    expect(expert.get_by_text("1 question waits for you")).to_be_visible()
    expect(expert.get_by_text("My locker PIN never arrived")).to_be_visible()
    expert.get_by_label("Your answer").focus()
    expert.keyboard.type("Yes, to the address of the order.")
    expert.keyboard.press("Tab")
    expert.keyboard.press("Enter")
    expect(expert.get_by_role("status")).to_have_text("Your answer is with your colleague.")
    [answered] = asker.evaluate(_CALL, ["GET", path, None])["questions"]
    assert answered["answer"] == "Yes, to the address of the order."


@pytest.mark.parametrize("language", HEADING)
def test_the_page_can_be_used_by_everybody(people: tuple[Page, Page], language: str) -> None:
    _, expert = people
    for width in (360, 768, 1440):
        expert.set_viewport_size({"width": width, "height": 900})
        expert.goto(f"/questions?ui={language}")
        expect(expert.get_by_role("heading", level=1)).to_have_text(HEADING[language])
        expert.locator("details:not(.who__menu) summary").click()
        assert violations(expert) == []
        assert expert.evaluate("document.documentElement.scrollWidth") <= width
