"""What is uploaded to helpdesks keeps their rules, and is the same bytes every time.

Zendesk's rules: developer.zendesk.com, "Manifest reference", and the validations in
zendesk/zendesk_apps_support. Freshworks': developers.freshworks.com, app manifest, platform 3.0.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.ui.i18n import NAMES
from kb.cli import main

URL = "https://kb.example"
ZENDESK_LOCALE = r"[a-z]{2}(-\w{2,3})?"
ZENDESK_LOCATIONS = {
    "top_bar", "nav_bar", "ticket_sidebar", "new_ticket_sidebar", "user_sidebar",
    "organization_sidebar", "background", "modal", "ticket_editor", "system_top_bar",
    "ticket_module",
}  # fmt: skip
FRESHDESK_PLACES = {
    "ticket_sidebar", "ticket_requester_info", "ticket_top_navigation", "ticket_background",
    "time_entry_background", "ticket_attachment", "ticket_conversation_editor",
    "new_ticket_requester_info", "new_ticket_background",
}  # fmt: skip
Files = dict[str, bytes]


def _build(helpdesk: str, out: Path, url: str = URL) -> str:
    given = ["integrations", "build", helpdesk, "--url", url, "--out", str(out)]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == 0, done.output
    return done.output


def _unpacked(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names))
        assert all(re.fullmatch(r"[\w.-]+(/[\w.-]+)*", name) for name in names)
        return {name: archive.read(name) for name in names}


@pytest.fixture(scope="module")
def zendesk(tmp_path_factory: pytest.TempPathFactory) -> Files:
    out = tmp_path_factory.mktemp("zendesk")
    _build("zendesk", out)
    return _unpacked(out / "potica-zendesk.zip")


@pytest.fixture(scope="module")
def freshdesk(tmp_path_factory: pytest.TempPathFactory) -> Files:
    out = tmp_path_factory.mktemp("freshdesk")
    _build("freshdesk", out)
    return _unpacked(out / "potica-freshdesk.zip")


@pytest.mark.parametrize("helpdesk", ["zendesk", "freshdesk", "chatwoot"])
def test_the_same_bytes_every_time(tmp_path: Path, helpdesk: str) -> None:
    for name in ("one", "two"):
        told = _build(helpdesk, tmp_path / name)
        assert "POTICA_EMBED_ORIGINS" in told
    [one], [two] = (list((tmp_path / name).iterdir()) for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    "url", ["http://kb.example", "https://kb.example/path", "kb.example", "https://kb.example:443"]
)
def test_an_address_that_no_helpdesk_would_show(tmp_path: Path, url: str) -> None:
    given = ["integrations", "build", "zendesk", "--url", url, "--out", str(tmp_path)]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_zendesks_manifest(zendesk: Files) -> None:
    manifest = json.loads(zendesk["manifest.json"])
    assert {"author", "defaultLocale", "location", "frameworkVersion"} <= manifest.keys()
    assert all(isinstance(manifest["author"][name], str) for name in ("name", "email", "url"))
    assert re.fullmatch(r"[^@\s]+@[^@\s]+", manifest["author"]["email"])
    assert manifest["frameworkVersion"] == "2.0"
    assert isinstance(manifest["version"], str)
    assert manifest["private"] is manifest["signedUrls"] is True
    assert list(manifest["location"]) == ["support"]
    places = manifest["location"]["support"]
    assert places.keys() <= ZENDESK_LOCATIONS
    for place in places.values():
        assert place["url"] == f"{URL}/embed/zendesk"  # absolute and under https
        assert isinstance(place["flexible"], bool)
    assert "parameters" not in manifest  # no secret is kept in Zendesk


def test_zendesks_words_and_pictures(zendesk: Files) -> None:
    manifest = json.loads(zendesk["manifest.json"])
    found = [name for name in zendesk if name.startswith("translations/")]
    locales = {Path(name).stem for name in found}
    assert locales == set(NAMES)
    assert all(re.fullmatch(ZENDESK_LOCALE, locale) for locale in locales)
    assert manifest["defaultLocale"] in locales
    keys = {"name", "short_description", "long_description", "installation_instructions"}
    for name in found:
        words = json.loads(zendesk[name])["app"]
        assert words.keys() == keys
        assert all(words.values())
    for name, side in (("logo.png", 320), ("logo-small.png", 128)):
        assert _size_of_png(zendesk[f"assets/{name}"]) == (side, side)


def test_freshdesks_manifest(freshdesk: Files) -> None:
    manifest = json.loads(freshdesk["manifest.json"])
    assert manifest["platform-version"] == "3.0"
    assert "product" not in manifest
    assert "whitelisted-domains" not in manifest
    assert set(manifest["engines"]) == {"node", "fdk"}
    places = manifest["modules"]["support_ticket"]["location"]
    assert places.keys() <= FRESHDESK_PLACES
    for place in places.values():
        assert f"app/{place['url']}" in freshdesk
        icon = freshdesk[f"app/{place['icon']}"].decode()
        assert 'width="64" height="64"' in icon


def test_freshdesks_requests_and_parameters(freshdesk: Files) -> None:
    manifest = json.loads(freshdesk["manifest.json"])
    requests = json.loads(freshdesk["config/requests.json"])
    parameters = json.loads(freshdesk["config/iparams.json"])
    assert manifest["modules"]["common"]["requests"].keys() == requests.keys()
    script = freshdesk["app/scripts/app.js"].decode()
    assert set(re.findall(r'invokeTemplate\("(\w+)"', script)) == requests.keys()
    for request in requests.values():
        schema: dict[str, Any] = request["schema"]
        assert schema["method"] in {"GET", "POST", "PUT", "PATCH", "DELETE"}
        assert not re.search(r"[/:]", re.sub(r"<%=.*?%>", "", schema["host"]))
        assert schema["path"].startswith("/")
        used = set(re.findall(r"iparam\.(\w+)", json.dumps(schema)))
        assert used == parameters.keys()
    assert parameters["api_key"]["secure"] is True
    assert "iparam" not in script  # the key stays with Freshdesk


def test_freshdesks_page(freshdesk: Files) -> None:
    page = freshdesk["app/index.html"].decode()
    assert '<script src="{{{appclient}}}"></script>' in page
    assert f'data-url="{URL}"' in page
    assert "@URL@" not in page
    for source in re.findall(r'(?:src|href)="([^"{]+)"', page):
        assert f"app/{source}" in freshdesk, source
    assert not re.search(r"\son[a-z]+=|<style|javascript:", page)
    assert b"__TEXTS__" not in freshdesk["app/scripts/potica.js"]


def test_chatwoot_gets_an_address(tmp_path: Path) -> None:
    told = _build("chatwoot", tmp_path)
    assert f"{URL}/embed?host=chatwoot" in told
    assert f"{URL}/embed?host=chatwoot" in (tmp_path / "potica-chatwoot.md").read_text("utf-8")


def _size_of_png(content: bytes) -> tuple[int, int]:
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height
