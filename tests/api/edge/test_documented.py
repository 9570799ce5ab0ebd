"""What the documents say of security is so: the headers, and the tests that prove the measures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.edge.headers import security_headers
from api.edge.policy import Policy
from kb.config import Settings

ROOT = Path(__file__).parents[3]
HEADERS = (ROOT / "docs" / "security-headers.md").read_text(encoding="utf-8")
THREATS = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```http\n(.*?)```", HEADERS, re.DOTALL)
PROOFS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", THREATS)))


def _documented(block: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in block.splitlines())


@pytest.mark.parametrize(
    ("path", "origins", "place"), [("/try", (), 0), ("/embed", ("https://helpdesk.example",), 1)]
)
def test_the_documented_headers_are_those_sent(
    path: str, origins: tuple[str, ...], place: int
) -> None:
    settings = Settings(public_url="https://kb.example", embed_origins=origins, _env_file=None)
    sent = security_headers(Policy.of(settings), path, "NONCE")
    assert _documented(BLOCKS[place]) == sent


def test_each_header_has_a_reason() -> None:
    table = HEADERS.partition("## Why")[2].partition("## The content")[0]
    assert set(re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE)) == set(_documented(BLOCKS[0]))
    policy = _documented(BLOCKS[0])["content-security-policy"]
    told = HEADERS.partition("## The content")[2]
    for part in policy.split("; "):
        name = part.partition(" ")[0]
        if name not in ("font-src", "manifest-src"):  # 'self', as pictures and styles
            assert f"`{name}" in told, name


def test_responses_have_them_all(client: TestClient) -> None:
    https_only = {"strict-transport-security"}
    for path in ("/", "/healthz", "/static/html.js", "/nowhere"):
        assert _documented(BLOCKS[0]).keys() - https_only <= client.get(path).headers.keys()


@pytest.mark.parametrize(("file", "name"), PROOFS)
def test_each_proof_of_the_threat_model_is_there(file: str, name: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert f"def {name}(" in text if name else "def test_" in text


def test_the_threat_model_has_proofs() -> None:
    assert len(PROOFS) > 60
