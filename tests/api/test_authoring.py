"""Authoring over HTTP: what a screen needs, and what readers of old permalinks get."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.api.calls import article, problem, search

API = "/api/v1/articles"
BODY = "Lost in the zqlift.\n\nSend it in 14 days to us.\n\nLast."


def put(client: TestClient, key: str, **more: Any) -> None:
    answer = client.put(f"{API}/{key}", json=article(more.pop("body", BODY), **more))
    assert answer.status_code in (200, 201), answer.text


def done(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_from_draft_to_readers_and_back(client: TestClient) -> None:
    put(client, "life-1", state=None, body="A zqwinch in the hall.")
    done(client.post(f"{API}/life-1/submit", json={"note": "look"}))
    problem(client.post(f"{API}/life-1/ask-changes", json={"note": ""}), 422, "invalid_input")
    version = done(client.get(f"{API}/life-1?view=latest"))["version"]
    approved = {"publish": True, "validated": True, "expected_version": version}
    assert done(client.post(f"{API}/life-1/approve", json=approved))["indexed"]
    assert search(client, "zqwinch")[0] == "life-1"
    [review] = done(client.get(f"{API}/life-1/reviews"))["reviews"]
    assert review["decision"] == "approved"
    done(client.post(f"{API}/life-1/archive", json={"note": "the hall is gone"}))
    assert "life-1" not in search(client, "zqwinch")
    changes = done(client.get(f"{API}/life-1/history"))["changes"]
    assert [(c["action"], c["note"]) for c in changes] == [
        ("archive", "the hall is gone"),
        ("approve", ""),
        ("submit", "look"),
        ("create", ""),
    ]


def test_what_is_planned_is_listed_and_called_off(client: TestClient) -> None:
    put(client, "life-2", state=None)
    plan = {"action": "publish", "at": "2099-01-01T09:00:00Z"}
    made = done(client.post(f"{API}/life-2/schedules", json=plan), 201)["id"]
    [listed] = done(client.get(f"{API}/life-2/schedules"))["schedules"]
    assert (listed["id"], listed["state"], listed["languages"]) == (made, "waiting", ["en"])
    done(client.delete(f"/api/v1/schedules/{made}"))
    problem(client.delete(f"/api/v1/schedules/{made}"), 409, "conflict")
    late = plan | {"at": "2020-01-01T09:00:00Z"}
    problem(client.post(f"{API}/life-2/schedules", json=late), 422, "invalid_input")


def test_two_editors_are_shown_both_texts(client: TestClient) -> None:
    put(client, "life-3")
    route = f"{API}/life-3/translations/en"
    first = {"title": "About it", "body": BODY.replace("Last", "End"), "base_number": 1}
    done(client.put(route, json=first))
    second = first | {"body": BODY.replace("14", "30")}
    told = problem(client.put(route, json=second), 409, "conflict")["details"]
    assert told["yours"]["body"] == second["body"]
    assert told["saved"]["body"] == first["body"]
    merged = told["merged"]["body"]
    assert "30 days" in merged
    assert "End" in merged
    assert told["conflicts"] == 0
    done(client.put(route, json=second | {"body": merged, "base_number": told["number"]}))
    diff = done(client.get(f"{route}/diff?old=1&new=3"))
    assert [block["kind"] for block in diff["body"]] == ["equal", "changed", "changed"]
    text = client.get(f"{route}/diff?old=1&new=3&form=text").text
    assert "[-14-]{+30+}" in text
    done(client.post(f"{route}/revisions/1/restore", json={"note": "was right"}))
    lines = done(client.get(f"{route}/revisions"))["revisions"]
    assert [(x["number"], x["note"]) for x in lines] == [
        (4, "was right"),
        (3, ""),
        (2, ""),
        (1, ""),
    ]
    assert done(client.get(f"{route}/revisions/4"))["body"] == BODY


def test_keystrokes_of_two_tabs(client: TestClient) -> None:
    put(client, "life-4")
    route = "/api/v1/edits/life-4/en"
    kept = done(client.put(route, json={"body": "One", "base_number": 1}))
    again = {"body": "One two", "base_number": 1, "after": kept["sequence"]}
    assert done(client.put(route, json=again)) == {"sequence": 2, "moved_on": False}
    assert done(client.put(route, json=again)) == {"sequence": 2, "moved_on": False}
    other = again | {"body": "One three"}
    told = problem(client.put(route, json=other), 409, "conflict")["details"]
    assert (told["saved"]["body"], told["sequence"]) == ("One two", 2)
    assert done(client.get(route))["body"] == "One two"
    assert "life-4" in [x["article_id"] for x in done(client.get("/api/v1/edits"))["edits"]]
    assert client.delete(route).status_code == 204
    problem(client.get(route), 404, "not_found")


def test_addresses_of_a_help_center_lead_to_the_article(client: TestClient) -> None:
    put(client, "life-hc", body=f"{BODY} life-hc")
    done(client.put("/api/v1/redirects/360001234567", json={"into": "life-hc"}))
    for address, query in (
        ("/hc/en-us/articles/360001234567-Where-is-my-PIN", "?lang=en"),
        ("/hc/sl/articles/360001234567", "?lang=sl"),
        ("/hc/articles/360001234567-", ""),
        ("/hc/en-us/articles/360001234567?audience=internal", "?lang=en&audience=internal"),
    ):
        page = client.get(address, follow_redirects=False)
        assert (page.status_code, page.headers["location"]) == (301, f"/a/life-hc{query}")
    for nowhere in ("360001234568-X", "-", "life-hc", "%D9%A3", "..%2F360001234567"):
        problem(client.get(f"/hc/en-us/articles/{nowhere}"), 404, "not_found")
    done(client.post(f"{API}/life-hc/archive"))
    problem(client.get("/hc/en-us/articles/360001234567"), 404, "not_found")


def test_old_permalinks_lead_on_for_ever(client: TestClient) -> None:
    for key in ("life-5", "life-6", "life-7"):
        put(client, key, body=f"{BODY} {key}")
    done(client.post(f"{API}/life-5/merge", json={"into": "life-6", "note": "the same"}))
    done(client.post(f"{API}/life-6/rename", json={"key": "life-6-new"}))
    for old in ("life-5", "life-6"):
        page = client.get(f"/a/{old}?lang=en", follow_redirects=False)
        assert (page.status_code, page.headers["location"]) == (301, "/a/life-6-new?lang=en")
        api = client.get(f"{API}/{old}", follow_redirects=False)
        assert (api.status_code, api.headers["location"]) == (301, f"{API}/life-6-new")
        passage = client.get(f"/embed/passage/article/{old}?lang=en", follow_redirects=False)
        there = "/embed/passage/article/life-6-new?lang=en"
        assert (passage.status_code, passage.headers["location"]) == (301, there)
    latest = client.get(f"{API}/life-6?view=latest", follow_redirects=False)
    assert (latest.status_code, latest.headers["location"]) == (
        301,
        f"{API}/life-6-new?view=latest",
    )
    done(client.post(f"{API}/life-7/merge", json={"into": "life-5"}))
    page = client.get("/a/life-7", follow_redirects=False)
    assert page.headers["location"] == "/a/life-6-new"
    problem(client.put(f"{API}/life-5", json=article(BODY)), 409, "conflict")
    done(client.post(f"{API}/life-6-new/archive"))
    hidden = client.get("/a/life-7", follow_redirects=False)
    nowhere = client.get("/a/never-was", follow_redirects=False)
    assert hidden.status_code == nowhere.status_code == 404
    editors = client.get(f"{API}/life-6?view=latest")
    assert (editors.status_code, editors.json()["state"]) == (200, "archived")
    problem(client.get(f"{API}/never-was?view=latest"), 404, "not_found")


def test_a_renamed_article_is_found_by_its_new_key_alone(client: TestClient) -> None:
    put(client, "life-8", body="The zqpulley is stuck.")
    done(client.post(f"{API}/life-8/rename", json={"key": "life-8-new"}))
    found = search(client, "zqpulley")
    assert found[0] == "life-8-new"
    assert "life-8" not in found


def test_the_board_and_what_changed_in_the_original(client: TestClient) -> None:
    put(client, "life-9")
    slovenian = {"title": "O tem", "body": "Ena.\n\nDva.\n\nTri.", "base_number": 0}
    done(client.put(f"{API}/life-9/translations/sl", json=slovenian))
    new = {"title": "About it", "body": BODY.replace("14", "30"), "base_number": 1}
    done(client.put(f"{API}/life-9/translations/en", json=new))
    board = done(client.get("/api/v1/board?language=sl&status=outdated&limit=200"))
    assert "life-9" in [row["id"] for row in board["articles"]]
    assert board["counts"]["sl"]["outdated"] == board["total"]
    source = done(client.get(f"{API}/life-9/translations/sl/source"))
    assert source["translated"] == ["Ena.", "Dva.", "Tri."]
    assert source["diff"]["body"][1]["kind"] == "changed"
    done(client.post(f"{API}/life-9/translations/sl/confirm", json={"number": 1}))
    told = problem(client.post(f"{API}/life-9/translations/hu/proposal"), 409, "conflict")
    assert "POTICA_GENERATOR_URL" in told["detail"]


def test_lists_bulk_and_home(client: TestClient) -> None:
    for key in ("life-b1", "life-b2"):
        put(client, key, title="About a zqcrane")
    found = done(client.get("/api/v1/editor/articles?q=zqcrane&state=published"))
    assert [line["id"] for line in found["articles"]] == ["life-b1", "life-b2"]
    given = {"action": "owner", "value": "eva", "articles": ["life-b1", "life-b2"]}
    looked = done(client.post("/api/v1/editor/bulk/preview", json=given))
    assert [item["changes"] for item in looked["items"]] == [True, True]
    made = done(client.post("/api/v1/editor/bulk", json=given))["id"]
    assert done(client.get("/api/v1/editor/articles?q=zqcrane&owner=eva"))["total"] == 2
    done(client.post(f"/api/v1/editor/bulk/{made}/undo"))
    assert done(client.get("/api/v1/editor/articles?q=zqcrane&owner=eva"))["total"] == 0
    said = done(client.post(f"{API}/life-b1/comments", json={"text": "why?"}), 201)
    done(client.post(f"/api/v1/comments/{said['id']}/resolve"))
    listed = done(client.get(f"{API}/life-b1/comments?resolved=true"))
    assert [x["text"] for x in listed["comments"]] == ["why?"]
    assert set(done(client.get("/api/v1/editor/home"))["counts"]) == {
        "tasks", "reviews", "sent_back", "mentions", "edits"
    }  # fmt: skip
    done(client.get("/api/v1/tasks?owner=me"))
    done(client.get("/api/v1/redirects"))
