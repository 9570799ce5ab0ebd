"""What hosts may send: read field by field, never an exception, one warning for each kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import Server

pytestmark = pytest.mark.browser

MODULES = "/static/embed/hosts"


@pytest.fixture(scope="module")
def page(browser: Browser, closed_server: Server) -> Iterator[Page]:
    """A page of the server whose policy lets a test load its modules."""
    context = browser.new_context(base_url=closed_server.url, bypass_csp=True)
    page = context.new_page()
    page.goto("/embed?host=none")
    yield page
    context.close()


def _call(page: Page, module: str, name: str, *given: Any) -> Any:
    script = """async ([address, name, given]) => {
        const module = await import(address);
        return module[name](...given);
    }"""
    return page.evaluate(script, [f"{MODULES}/{module}.js", name, list(given)])


def _context(**changes: Any) -> dict[str, Any]:
    told = {
        "type": "potica.context",
        "version": 1,
        "interaction": {"source": "crm", "external_id": "1", "channel": "chat"},
        "messages": [{"id": "1", "role": "customer", "text": "x"}],
    }
    return told | changes


def test_a_context_is_what_the_api_takes(page: Page) -> None:
    whole = {
        "source": "crm",
        "external_id": 4711,
        "channel": "email",
        "customer_ref": " jana@example.com ",
        "customer_name": "Jana",
        "agent_ref": "ana",
        "language": "sl_SI",
        "subject": "s" * 400,
        "facets": {"country": ["SI", "SI", 7], "product": "locker", "": ["x"], "none": []},
        "unknown": 1,
    }
    turns = [
        {"id": 7, "role": "agent", "text": "a\0b\ud800c", "at": "2026-05-04T10:00:00+02:00"},
        {"role": "customer", "text": "b", "at": "yesterday", "position": -1, "extra": {}},
        {"id": "9", "role": "customer", "deleted": True},
        {"id": "10", "role": "owner", "text": "c"},
        {"id": "11", "role": "customer"},
        "not a message",
        None,
    ]
    told = _context(interaction=whole, messages=turns, capabilities={"insert": True, "x": 1})
    found = _call(page, "context", "readContext", told)
    assert found["interaction"] == {
        "source": "crm",
        "external_id": "4711",
        "channel": "email",
        "customer_ref": "jana@example.com",
        "customer_name": "Jana",
        "agent_ref": "ana",
        "language": "sl-SI",
        "subject": "s" * 300,
        "facets": {"country": ["SI", "7"], "product": ["locker"]},
    }
    assert found["messages"] == [
        {"id": "7", "role": "agent", "text": "ab\ufffdc", "at": "2026-05-04T08:00:00.000Z"},
        {"role": "customer", "text": "b"},
        {"id": "9", "role": "customer", "text": "", "deleted": True},
    ]
    assert found["capabilities"] == {"insert": True}


def test_only_the_newest_thousand_turns_count(page: Page) -> None:
    turns = [{"id": str(n), "role": "customer", "text": "x" * 30_000} for n in range(1200)]
    found = _call(page, "context", "readContext", _context(messages=turns[:2] + turns[-1000:]))
    assert [len(found["messages"]), found["messages"][0]["id"]] == [1000, "200"]
    assert len(found["messages"][0]["text"]) == 20_000


@pytest.mark.parametrize(
    "told",
    [None, 7, "x", [], {}, {"type": "potica.context"}, _context(version=2), _context(version="1")],
    ids=repr,
)
def test_what_is_no_context_of_this_version(page: Page, told: Any) -> None:
    assert _call(page, "context", "readContext", told) is None


def test_a_context_with_nothing_in_it(page: Page) -> None:
    found = _call(page, "context", "readContext", _context(interaction=None, messages=7))
    assert found["interaction"] == {"channel": "chat", "facets": {}}
    assert (found["messages"], found["capabilities"]) == ([], {"insert": False})


STRANGE: list[Any] = [
    None, 0, -1, 1e308, True, "", "x", "\0", "\ud800", [], [[]], {}, {"a": {"b": {}}},
    "__proto__", {"__proto__": {"role": "customer"}}, {"constructor": "x"}, "x" * 100_000,
]  # fmt: skip


def _broken(whole: Any) -> Iterator[Any]:
    """The same with each part, however deep, in turn put in the place of something strange."""
    yield from STRANGE
    parts = whole.items() if isinstance(whole, dict) else enumerate(whole)
    for key, value in parts:
        for other in _broken(value) if isinstance(value, dict | list) else STRANGE:
            copy = dict(whole) if isinstance(whole, dict) else list(whole)
            copy[key] = other
            yield copy


CHATWOOT = {
    "conversation": {
        "id": 1,
        "account_id": 2,
        "meta": {"sender": {"id": 3}, "channel": "Channel::Email"},
        "additional_attributes": {"mail_subject": "s"},
        "custom_attributes": {"potica_country": "SI"},
        "messages": [
            {
                "id": 4,
                "content": "x",
                "message_type": 0,
                "private": False,
                "created_at": 1_777_881_600,
                "content_attributes": {"deleted": False},
            }
        ],
    },
    "contact": {"id": 3, "email": "J@example.com", "custom_attributes": {"a": 1}},
    "currentAgent": {"email": "a@example.com"},
}
ZENDESK = {
    "ticket.id": 1,
    "ticket.subject": "s",
    "ticket.via": {"channel": "email"},
    "ticket.requester": {"id": 2, "email": "J@example.com", "name": "J", "externalId": ""},
    "currentUser": {"email": "a@example.com"},
    "ticket.conversation": [
        {
            "author": {"id": 2, "role": "end-user"},
            "channel": {"name": "email"},
            "message": {"content": "<p>x</p>", "contentType": "text/html"},
            "timestamp": "2026-05-04T08:00:00Z",
        }
    ],
}


@pytest.mark.parametrize(
    ("module", "name", "whole"),
    [
        ("context", "readContext", _context()),
        ("chatwoot", "contextOfChatwoot", CHATWOOT),
        ("zendesk", "contextOfZendesk", ZENDESK),
    ],
    ids=["potica", "chatwoot", "zendesk"],
)
def test_whatever_a_host_sends_the_sidebar_stands(
    page: Page, module: str, name: str, whole: Any
) -> None:
    """Every part of a right message, in turn, is something else: never an exception."""
    script = """async ([address, name, texts]) => {
        const read = (await import(address))[name];
        const failed = [];
        for (const text of texts) {
          try {
            JSON.stringify(read(JSON.parse(text)));
          } catch (error) {
            failed.push([text.slice(0, 300), String(error)]);
          }
        }
        return failed;
    }"""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    # Zendesk's protocol asks for an object itself; that it is one is checked before.
    texts = [json.dumps(broken) for broken in _broken(whole)][len(STRANGE) * (name[-3:] == "esk") :]
    assert len(texts) > 100
    assert page.evaluate(script, [f"{MODULES}/{module}.js", name, texts]) == []
    assert len(said) == len(set(said))


def test_chatwoots_turns(page: Page) -> None:
    def turn(number: int, kind: Any, **more: Any) -> dict[str, Any]:
        made = {"id": number, "message_type": kind, "content": f"t{number}", "created_at": 60}
        return made | more

    turns = [
        turn(1, 0),
        turn(2, 1),
        turn(3, 1, private=True),
        turn(4, 2),
        turn(5, 3),
        turn(6, "incoming"),
        turn(7, "outgoing", status="progress"),
        turn(8, 1, status="failed"),
        turn(9, 0, content=None),
        turn(10, 0, content_attributes={"deleted": True}),
        turn(11, 9),
    ]
    found = _call(
        page, "chatwoot", "contextOfChatwoot", {"conversation": {"id": 5, "messages": turns}}
    )
    told = [(m["id"], m["role"], m["text"], m.get("deleted", False)) for m in found["messages"]]
    assert told == [
        ("1", "customer", "t1", False),
        ("2", "agent", "t2", False),
        ("5", "system", "t5", False),
        ("6", "customer", "t6", False),
        ("10", "customer", "", True),
    ]
    assert found["messages"][0]["at"] == "1970-01-01T00:01:00.000Z"
    assert found["interaction"]["external_id"] == "5"


@pytest.mark.parametrize(
    ("contact", "known"),
    [
        ({"identifier": "C-1", "email": "J@Example.com", "id": 3}, "C-1"),
        ({"identifier": None, "email": "J@Example.com", "id": 3}, "j@example.com"),
        ({"email": "", "phone_number": "+38640000000", "id": 3}, "+38640000000"),
        ({"id": 3}, "chatwoot:3"),
        ({}, None),
    ],
)
def test_whom_chatwoot_speaks_of(page: Page, contact: dict[str, Any], known: str | None) -> None:
    told = {"conversation": {"id": 5}, "contact": contact}
    found = _call(page, "chatwoot", "contextOfChatwoot", told)
    assert found["interaction"].get("customer_ref") == known


def test_an_edit_in_zendesk_is_the_same_turn(page: Page) -> None:
    def told(text: str) -> list[dict[str, Any]]:
        turn = ZENDESK["ticket.conversation"][0]  # type: ignore[index]
        edited = turn | {"message": {"content": text, "contentType": "text/plain"}}
        note = turn | {"channel": {"name": "internal"}}
        values = ZENDESK | {"ticket.conversation": [edited, turn, note]}
        found: list[dict[str, Any]] = _call(page, "zendesk", "contextOfZendesk", values)["messages"]
        return found

    before, after = told("a < b"), told("edited")
    assert [turn["id"] for turn in before] == [turn["id"] for turn in after]
    assert len({turn["id"] for turn in before}) == 2
    assert (before[0]["text"], before[1]["text"], after[0]["text"]) == ("a < b", "x", "edited")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>Dober dan,<br>&nbsp;pa&#353;&scaron;ket</div><p>3 < 5 &amp;&lt;b&gt;</p>",
         "Dober dan,\npaššket\n3 < 5 &<b>"),
        ("a<style>p{}</style><script>alert(1)</script><!-- no -->b", "ab"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("&unknown; &#0; &#xD800; &#x1F600; &constructor;", "&unknown; 😀 &constructor;"),
        ("<p>open <b", "open"),
    ],
)  # fmt: skip
def test_html_becomes_text(page: Page, html: str, text: str) -> None:
    assert _call(page, "plain", "plainText", html) == text


@pytest.mark.parametrize(
    "part", ["<a", "<", "<script>", "<!--", "&nbsp;", " <b></b>", "\n", "<p>", "&#x", "</", "x"]
)
def test_html_that_is_meant_to_take_long(page: Page, part: str) -> None:
    """One pass: steps that grow with the square of the length would take minutes here."""
    long = part * (1_000_000 // len(part))
    assert len(_call(page, "plain", "plainText", long)) <= 200_000
