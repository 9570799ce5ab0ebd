"""Server-sent events: the first view at once, then each that is new."""

from __future__ import annotations

import httpx

from kb.domain import Role
from tests.api.live.site import DAMAGED, PIN, POSTCODE, RELABEL, Place, best


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
