"""An app for Zendesk Support: a manifest that points at the sidebar, words, and a logo.

Rules: Zendesk's manifest reference, and the validations in zendesk/zendesk_apps_support.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from kb.cli.helpdesks import FILES, HelpdeskPackage, read

VERSION = "1.0.0"
_FOLDER = FILES / "zendesk"


def build_zendesk(url: str) -> HelpdeskPackage:
    files = {"manifest.json": _manifest(url)}
    for name in ("logo.png", "logo-small.png"):
        files[f"assets/{name}"] = read(f"zendesk/{name}")
    for path in sorted((_FOLDER / "translations").glob("*.json")):
        files[f"translations/{path.name}"] = path.read_bytes()
    return HelpdeskPackage("potica-zendesk.zip", files, _steps())


def _manifest(url: str) -> bytes:
    host = urlsplit(url).hostname or ""
    manifest = {
        "name": "Potica",
        "author": {"name": "Potica", "email": f"potica@{host}", "url": url},
        "defaultLocale": "en",
        "private": True,
        "version": VERSION,
        "frameworkVersion": "2.0",
        "signedUrls": True,
        "location": {
            "support": {"ticket_sidebar": {"url": f"{url}/embed/zendesk", "flexible": True}}
        },
    }
    return (json.dumps(manifest, indent=2) + "\n").encode()


def _steps() -> tuple[str, ...]:
    return (
        "Zendesk, Admin Center, Apps and integrations, Zendesk Support apps, Upload private app:"
        " upload the ZIP and install it for your agents.",
        "Find the app's public key and the number of its installation: GET"
        " https://<name>.zendesk.com/api/v2/apps/<app>/public_key.pem and"
        " GET https://<name>.zendesk.com/api/v2/apps/installations.json.",
        "On the server set POTICA_EMBED_ORIGINS to include https://<name>.zendesk.com,"
        " POTICA_ZENDESK_PUBLIC_KEY to the key (line breaks as \\n) and POTICA_ZENDESK_AUDIENCE to"
        " https://<name>.zendesk.com/api/v2/apps/installations/<number>.json.",
        "So that agents are known without signing in, set POTICA_ZENDESK_API_USER and"
        " POTICA_ZENDESK_API_TOKEN as well: Zendesk's signature names a user by number only.",
        "Restart the server, open a ticket, open the app.",
    )
