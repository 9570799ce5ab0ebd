"""docs/api.md says what the server does."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

from starlette.testclient import TestClient

from api.app import create_app
from api.schemas.suggest import SuggestIn
from kb import errors
from kb.config import Settings
from tests.site import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_call_is_described(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    real = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    described = set(
        re.findall(r"^\| `((?:GET|PUT|POST|PATCH|DELETE) [^`]+)` \|", PAGE, re.MULTILINE)
    )
    assert described == real


def test_many_may_ask_for_the_description_at_once(site: Settings) -> None:
    """FastAPI makes it at the first call; made by several threads, it ends in a KeyError."""
    app = create_app(site)
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda _: app.openapi(), range(8)))
    assert {id(description) for description in told} == {id(told[0])}


def test_the_example_call_is_answered(client: TestClient) -> None:
    found = re.search(r"-d '(\{.*?\n\})'", PAGE, re.DOTALL)
    assert found
    response = client.post("/api/v1/suggest", json=json.loads(found[1]))
    assert response.json()["articles"][0]["id"] == "locker-pin-missing"
    for name in ("id", "language", "articles", "cases", "reply", "nothing_known", "versions"):
        assert f"`{name}`" in PAGE
        assert name in response.json()


def test_every_code_is_described() -> None:
    codes = {
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.KbError)
    }
    inner = {"error", "config_error", "generator_error"}  # never leave a running server
    assert {code for code in codes - inner if f"`{code}`" not in PAGE} == set()


def test_examples_in_the_schemas_are_valid(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    SuggestIn.model_validate(schemas["SuggestIn"]["examples"][0])
    for name, path in (
        ("ArticleIn", "articles/schema-example"),
        ("CaseIn", "cases/schema-example"),
    ):
        example = schemas[name]["examples"][0]
        assert client.put(f"/api/v1/{path}", json=example).status_code == 201
        assert client.post(f"/api/v1/{path}/archive").status_code == 200


def test_the_api_page_lists_every_call(client: TestClient) -> None:
    page = client.get("/docs").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in page
