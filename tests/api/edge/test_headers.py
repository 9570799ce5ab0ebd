"""Security headers: strict everywhere, frames where configured only, no inline code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.edge.headers import security_headers
from api.edge.policy import Policy
from kb.config import Settings
from kb.errors import ConfigError

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "api" / "ui" / "templates").rglob("*.html"))
HELPDESK = "https://helpdesk.example"


def _directives(policy: str) -> dict[str, str]:
    pairs = (part.strip().partition(" ") for part in policy.split(";"))
    return {name: value for name, _, value in pairs}


def test_scripts_run_by_a_nonce_that_is_fresh(client: TestClient) -> None:
    seen = set()
    for _ in range(3):
        page = client.get("/try")
        policy = _directives(page.headers["content-security-policy"])
        nonce = re.fullmatch(r"'nonce-([\w-]{20,})'", policy["script-src"])
        assert nonce is not None, policy
        scripts = re.findall(r"<script\b([^>]*)>", page.text)
        assert scripts
        assert all(f'nonce="{nonce[1]}"' in script and "src=" in script for script in scripts)
        seen.add(nonce[1])
    assert len(seen) == 3


def test_the_policy_is_strict_on_every_kind_of_answer(client: TestClient) -> None:
    for path in ("/", "/static/try.js", "/healthz", "/nowhere", "/api/v1/gaps?limit=x"):
        headers = client.get(path, headers={"accept": "text/html"}).headers
        policy = _directives(headers["content-security-policy"])
        for name in ("default-src", "object-src", "base-uri", "frame-ancestors"):
            assert policy[name] == "'none'", (path, name)
        assert policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["require-trusted-types-for"] == "'script'"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "strict-transport-security" not in headers  # this one is under http


def test_refusals_of_the_edge_carry_them_too(client: TestClient) -> None:
    headers = client.get("/healthz", headers={"host": "evil.example"}).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_https_is_asked_for_where_the_public_address_has_it() -> None:
    settings = Settings(public_url="https://kb.example", _env_file=None)
    headers = security_headers(Policy.of(settings), "/", "n")
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert "upgrade-insecure-requests" in headers["content-security-policy"]


def test_frames_of_configured_origins_only_and_only_under_embed() -> None:
    settings = Settings(embed_origins=(HELPDESK, "https://crm.example:8443"), _env_file=None)
    policy = Policy.of(settings)
    for path in ("/embed", "/embed/sidebar"):
        headers = security_headers(policy, path, "n")
        told = _directives(headers["content-security-policy"])
        assert told["frame-ancestors"] == f"'self' {HELPDESK} https://crm.example:8443"
        assert "x-frame-options" not in headers
        assert headers["cross-origin-resource-policy"] == "cross-origin"
    for path in ("/", "/embedded", "/try", "/static/embed/x.js", "/api/v1/embed"):
        headers = security_headers(policy, path, "n")
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["x-frame-options"] == "DENY"
    nobody = security_headers(Policy.of(Settings(_env_file=None)), "/embed", "n")
    assert "frame-ancestors 'self';" in nobody["content-security-policy"]
    assert nobody["x-frame-options"] == "SAMEORIGIN"
    assert nobody["cross-origin-resource-policy"] == "same-origin"


def test_the_practice_desk_alone_shows_frames_and_only_our_own() -> None:
    policy = Policy.of(Settings(embed_origins=(HELPDESK,), _env_file=None))
    desk = _directives(security_headers(policy, "/practice", "n")["content-security-policy"])
    assert desk["frame-src"] == "'self'"
    opener = security_headers(policy, "/practice", "n")["cross-origin-opener-policy"]
    assert opener == "same-origin-allow-popups"
    assert desk["frame-ancestors"] == "'none'"
    for path in ("/", "/embed", "/practice/x", "/try"):
        told = _directives(security_headers(policy, path, "n")["content-security-policy"])
        assert "frame-src" not in told, path


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*.example", "https://*", "https:", "http://helpdesk.example", "https://a.example/",
     "https://a.example https://b.example", "https://a.example; script-src *", "null", "'self'",
     "https://a.example\n", "data:", "https://a@b.example"],
)  # fmt: skip
def test_what_is_no_exact_origin_is_refused(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from kb.config import get_settings

    monkeypatch.setenv("POTICA_EMBED_ORIGINS", json.dumps([origin]))
    get_settings.cache_clear()
    with pytest.raises(ConfigError, match="POTICA_EMBED_ORIGINS"):
        get_settings()
    get_settings.cache_clear()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_no_inline_code(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    for script in re.findall(r"<script\b[^>]*>", text):
        assert 'src="/static/' in script, script
        assert 'nonce="{{ csp_nonce }}"' in script, script
    inline = r"<style\b|\sstyle\s*=|[=\"'(]\s*javascript:|\ssrcdoc\s*="
    assert not re.search(inline, text, re.IGNORECASE)
    assert not re.search(r"<[^>]*\son[a-z]+\s*=(?!=)", text, re.IGNORECASE)  # == compares


def test_a_strange_path_leads_nowhere_else(client: TestClient) -> None:
    page = client.get("http://127.0.0.1//evil.example/x", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert 'href="//evil' not in page.text
    assert 'href="/evil.example/x?' in page.text
