"""The administrators' pages about a customer's personal data: taken away, erased."""

from __future__ import annotations

import io
import json
import re
import secrets
import zipfile

import pytest
from starlette.testclient import TestClient

from kb.domain import AccessRole, Case
from kb.queries.audit import AuditFilter, list_audit
from tests.api.people import make_user, services_in, signed_in

HTML = {"accept": "text/html", "accept-language": "en"}
PAGE = "/people/privacy"


@pytest.fixture
def form(office: TestClient) -> dict[str, str]:
    """An administrator is signed in; what every form carries."""
    office.cookies.clear()
    boss = make_user(services_in(office).engine.session_factory, "administrator")
    return {"csrf": signed_in(office, boss)["x-csrf-token"]}


def _customer(client: TestClient, form: dict[str, str]) -> tuple[str, str]:
    """A customer of one case: the reference and the case's id."""
    word = secrets.token_hex(5)
    body = {
        "language": "en",
        "channel": "chat",
        "customer_ref": f"C-{word}",
        "messages": [{"role": "customer", "text": f"I am Kate {word}, where is it?"}],
        "resolution": "Relabelled.",
        "outcome": "solved",
    }
    headers = {"x-csrf-token": form["csrf"]}
    saved = client.put(f"/api/v1/cases/privacy-{word}", json=body, headers=headers)
    assert saved.status_code == 201, saved.text
    return f"C-{word}", f"privacy-{word}"


def _is_there(client: TestClient, case_id: str) -> bool:
    with services_in(client).readers() as session:
        return session.get(Case, case_id) is not None


def test_an_export_is_a_file_and_is_noted(office: TestClient, form: dict[str, str]) -> None:
    ref, case_id = _customer(office, form)
    answer = office.post(PAGE, data=form | {"customer_ref": f" {ref} ", "also": ""})
    assert answer.headers["content-type"] == "application/zip"
    assert ref not in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        held = json.loads(file.read("data.json"))
    assert [case["id"] for case in held["cases"]] == [case_id]
    with services_in(office).readers() as session:
        noted = list_audit(session, AuditFilter(entity="customer", action="export")).items[0]
    assert noted.details["cases"] == 1
    assert ref not in noted.entity_id


def test_an_erasure_shows_first_what_would_go(office: TestClient, form: dict[str, str]) -> None:
    ref, case_id = _customer(office, form)
    page = office.post(f"{PAGE}/preview", data=form | {"customer_ref": ref}, headers=HTML).text
    assert f"What would go: {ref}" in page
    assert re.search(r'<th scope="row">Cases</th><td>1</td>', page)
    assert _is_there(office, case_id)


def test_a_customer_is_erased_when_the_reference_is_typed_once_more(
    office: TestClient, form: dict[str, str]
) -> None:
    ref, case_id = _customer(office, form)
    given = form | {"customer_ref": ref, "also": ""}
    for typed in ("", ref.lower(), f"{ref}x"):
        refused = office.post(f"{PAGE}/erase", data=given | {"confirmed": typed}, headers=HTML)
        assert refused.status_code == 422
        assert "This is not the reference" in refused.text
        assert f"What would go: {ref}" in refused.text
        assert _is_there(office, case_id)
    done = office.post(f"{PAGE}/erase", data=given | {"confirmed": ref}, headers=HTML)
    assert done.status_code == 200
    assert "The customer is erased." in done.text
    assert not _is_there(office, case_id)
    again = office.post(f"{PAGE}/preview", data=form | {"customer_ref": ref}, headers=HTML).text
    assert "Nothing is held of this customer" in again


@pytest.mark.parametrize("place", ["", "/preview", "/erase"])
@pytest.mark.parametrize(
    "typed",
    [
        {"customer_ref": " "},
        {"customer_ref": "x" * 121},
        {"customer_ref": "a\0b"},
        {"customer_ref": "C-1", "also": "abc"},
        {"customer_ref": "C-1", "also": "\n".join(f"text {n:03}" for n in range(21))},
        {"customer_ref": "C-1", "also": "a  b"},
    ],
)
def test_what_would_be_found_everywhere_is_refused(
    office: TestClient, form: dict[str, str], place: str, typed: dict[str, str]
) -> None:
    data = form | typed | {"confirmed": typed["customer_ref"].strip()}
    answer = office.post(f"{PAGE}{place}", data=data, headers=HTML)
    assert answer.status_code == 422
    assert "Give the reference of one customer" in answer.text


def test_places_that_stay_are_listed(office: TestClient, form: dict[str, str]) -> None:
    ref, _ = _customer(office, form)
    person = make_user(services_in(office).engine.session_factory, "agent")
    typed = form | {"customer_ref": ref, "also": person.email}
    page = office.post(f"{PAGE}/preview", data=typed, headers=HTML).text
    assert f"the account {person.id}" in page


def test_exporting_and_erasing_are_permissions_of_their_own(office: TestClient) -> None:
    sessions = services_in(office).engine.session_factory
    rights = {"privacy.export": (200, 403), "privacy.erase": (403, 200)}
    for number, (permission, statuses) in enumerate(rights.items()):
        with sessions.begin() as session:
            session.add(AccessRole(name=f"privacy_{number}", permissions=[permission]))
        office.cookies.clear()
        mine = {"csrf": signed_in(office, make_user(sessions, f"privacy_{number}"))["x-csrf-token"]}
        export, erase = statuses
        typed = mine | {"customer_ref": "C-none", "confirmed": "C-none"}
        assert office.get(PAGE, headers=HTML).status_code == export
        assert office.post(PAGE, data=typed, headers=HTML).status_code == export
        assert office.get(f"{PAGE}/erase", headers=HTML).status_code == erase
        for step in ("preview", "erase"):
            answer = office.post(f"{PAGE}/{step}", data=typed, headers=HTML)
            assert answer.status_code == erase
