"""Server-sent events: the first view at once, then each that is new."""

from __future__ import annotations

import socket

import httpx
import pytest

from api.live import stream as stream_module
from kb.domain import Role
from tests.api.live.site import DAMAGED, PIN, POSTCODE, RELABEL, Place, best, wait_until


def test_a_stream_begins_with_what_there_is_and_goes_on(place: Place) -> None:
    _, headers = place.key()
    key = place.begin(POSTCODE)
    with place.stream(key, headers) as stream:
        assert stream.response.headers["content-type"] == "text/event-stream"
        first = stream.view()
        assert first["interaction"]["id"] == key
        assert (first["suggestion"], first["pending"]) == (None, True)
        view = stream.settled()
        assert best(view) == "wrong-postcode"
        assert view["change"]["reason"] == "first_answer"
        place.say(key, RELABEL, role=Role.agent)
        place.say(key, PIN)
        view = stream.settled(3)
        assert best(view) == "locker-pin-missing"
        assert view["change"]["before"] == "article:wrong-postcode"
        assert view["suggestion_version"] == view["interaction"]["version"] == 3
    with place.stream(key, headers) as stream:  # what was made is still there
        again = stream.view()
        assert again["suggestion"]["id"] == view["suggestion"]["id"]
        assert not again["pending"]


def test_who_may_not_and_what_is_not_there(place: Place) -> None:
    _, headers = place.key()
    address = f"{place.url}/api/v1/interactions/int_never/events"
    assert httpx.get(address, headers=headers).status_code == 404
    assert httpx.get(address).status_code == 401
    key = place.begin(DAMAGED, facets={"country": ["PL"]})
    _, elsewhere = place.key(scope={"country": ["SI"]})
    address = f"{place.url}/api/v1/interactions/{key}/events"
    assert httpx.get(address, headers=elsewhere).status_code == 404


def test_a_client_that_takes_nothing_is_cut_off(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "SEND_WITHIN", 0.3)
    monkeypatch.setattr(stream_module, "PING_EVERY", 0.01)
    monkeypatch.setattr(stream_module, "_PING", b": " + b"x" * 100_000 + b"\n\n")
    _, headers = place.key()
    key = place.begin(POSTCODE)
    live = place.services.live
    before = live.streams
    head = f"GET /api/v1/interactions/{key}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    head += f"Authorization: {headers['authorization']}\r\n\r\n"
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", place.port))
        client.sendall(head.encode())
        wait_until(lambda: live.streams == before + 1)
        wait_until(lambda: live.streams == before)


def test_a_client_that_goes_is_forgotten(place: Place) -> None:
    _, headers = place.key()
    key = place.begin(POSTCODE)
    live = place.services.live
    before = live.streams
    with place.stream(key, headers) as stream, place.stream(key, headers) as other:
        stream.settled()
        other.settled()
        assert live.streams == before + 2
        assert f"potica_live_streams {before + 2}" in place.services.metrics.text().decode()
    wait_until(lambda: live.streams == before)


def test_pings_tell_that_the_stream_lives(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "PING_EVERY", 0.02)
    _, headers = place.key()
    key = place.begin(POSTCODE)
    with place.stream(key, headers) as stream:
        stream.settled()
        wait_until(lambda: stream.ping())
        place.say(key, DAMAGED)
        assert stream.settled(2)["suggestion_version"] == 2
