"""Whose requests count as ours: names, origins, proxies."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.edge.address import network_of
from api.edge.names import host_name, is_foreign, origin_of
from kb.config import Settings
from tests.api.calls import problem

ARCHIVE = "/api/v1/articles/locker-full/archive"


@pytest.mark.parametrize(
    ("netloc", "name"),
    [
        ("kb.example", "kb.example"),
        ("KB.example:8000", "kb.example"),
        ("[::1]:8000", "::1"),
        ("kb.example@evil.example", ""),
        ("kb.example/x", ""),
        ("kb.example?x", ""),
        ("kb.example:99999999", ""),
        ("kb.example:x", ""),
        ("kb\t.example", ""),
        ("[::1", ""),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(netloc: str, name: str) -> None:
    assert host_name(netloc) == name


def test_origins_are_written_as_browsers_do() -> None:
    assert origin_of("https://KB.example:443/x?y") == "https://kb.example"
    assert origin_of("http://127.0.0.1:8000/") == "http://127.0.0.1:8000"
    assert origin_of("http://[::1]:80") == "http://[::1]"


PUBLIC = "https://kb.example"
OWN = {"host": "kb.example"}


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),  # a program
        ({"origin": PUBLIC}, False),
        ({"origin": PUBLIC, "sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://kb.example"}, True),
        ({"origin": "https://kb.example:8443"}, True),
        ({"origin": "https://kb.example.evil.example"}, True),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": PUBLIC, "sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "Cross-Site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
    ],
)
def test_pages_of_other_sites(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign(Headers(OWN | headers), "http", PUBLIC) is foreign


def test_a_second_origin_does_not_hide_behind_the_first() -> None:
    raw = [
        (b"host", b"kb.example"),
        (b"origin", PUBLIC.encode()),
        (b"origin", b"https://e.example"),
    ]
    assert is_foreign(Headers(raw=raw), "https", PUBLIC)


def test_the_browser_says_where_a_write_comes_from(client: TestClient) -> None:
    for value in ("cross-site", "same-site"):
        problem(client.post(ARCHIVE, headers={"sec-fetch-site": value}), 403, "forbidden")
    problem(client.post(ARCHIVE, headers={"origin": "null"}), 403, "forbidden")
    assert client.get("/healthz", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def _told(client: str, proxies: list[str], forwarded: str | None) -> str:
    app = FastAPI()

    @app.get("/")
    def where(request: Request) -> str:
        return network_of(request)

    if proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    caller = TestClient(app, client=(client, 5000))
    told: str = caller.get("/", headers=headers).json()
    return told


def test_only_trusted_proxies_say_who_the_client_is() -> None:
    assert _told("198.51.100.7", [], "203.0.113.9") == "198.51.100.7"
    assert _told("198.51.100.7", ["10.0.0.0/8"], "203.0.113.9") == "198.51.100.7"
    assert _told("10.1.2.3", ["10.0.0.0/8"], "203.0.113.9") == "203.0.113.9"
    # What a client wrote there itself stands left of what the proxy added.
    assert _told("10.1.2.3", ["10.0.0.0/8"], "127.0.0.1, 203.0.113.9") == "203.0.113.9"
    assert _told("10.1.2.3", ["10.0.0.0/8"], "<script>") == "unknown"


def test_an_ipv6_customer_is_a_network() -> None:
    assert _told("2001:db8:1:2:3::4", [], None) == "2001:db8:1:2::/64"
    assert _told("::ffff:192.0.2.1", [], None) == "192.0.2.1"
    assert _told("fe80::1%eth0", [], None) == "fe80::/64"
    assert _told("testclient", [], None) == "unknown"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trusted_hosts", ("*",)),
        ("trusted_hosts", ("*.example",)),
        ("trusted_hosts", ("kb.example:8000",)),
        ("trusted_hosts", ("https://kb.example",)),
        ("trusted_proxies", ("*",)),
        ("trusted_proxies", ("0.0.0.0/0",)),
        ("trusted_proxies", ("::/0",)),
        ("trusted_proxies", ("proxy.example",)),
    ],
)
def test_settings_that_would_trust_everybody_are_refused(field: str, value: tuple[str]) -> None:
    with pytest.raises(ValueError, match=field):
        Settings(**{field: value}, _env_file=None)  # type: ignore[arg-type]
