"""An app for Freshdesk, for the Freshworks developer kit (platform 3.0, module support_ticket).

Freshdesk's own client library reads the ticket in the app's page, which holds the sidebar and
posts our protocol to it.
"""

from __future__ import annotations

import json

from kb.cli.helpdesks import HelpdeskPackage, read

ICON = "styles/images/icon.svg"
ENGINES = {"node": "18.18.0", "fdk": "9.1.0"}


def build_freshdesk(url: str, script: str, icon: str) -> HelpdeskPackage:
    """`script` is embed.js; `icon` an SVG picture."""
    page = read("freshdesk/index.html").decode().replace("@URL@", url)
    files = {
        "README.md": read("freshdesk/README.md"),
        "manifest.json": _json(_manifest()),
        "config/iparams.json": _json(_parameters()),
        "config/requests.json": _json(_requests()),
        "app/index.html": page.encode(),
        "app/scripts/app.js": read("freshdesk/app.js"),
        "app/scripts/potica.js": script.encode(),
        "app/styles/style.css": read("freshdesk/style.css"),
        f"app/{ICON}": icon.replace("<svg ", '<svg width="64" height="64" ', 1).encode(),
    }
    return HelpdeskPackage("potica-freshdesk.zip", files, _steps())


def _manifest() -> object:
    return {
        "platform-version": "3.0",
        "modules": {
            "common": {"requests": {"conversations": {}}},
            "support_ticket": {
                "location": {"ticket_sidebar": {"url": "index.html", "icon": ICON}},
            },
        },
        "engines": ENGINES,
    }


def _parameters() -> object:
    return {
        "subdomain": {
            "display_name": "Subdomain",
            "description": "lipa, when your Freshdesk is lipa.freshdesk.com",
            "type": "text",
            "required": True,
        },
        "api_key": {
            "display_name": "API key",
            "description": "Of an agent who sees all tickets: it reads their replies",
            "type": "text",
            "required": True,
            "secure": True,
        },
    }


def _requests() -> object:
    return {
        "conversations": {
            "schema": {
                "method": "GET",
                "host": "<%= iparam.subdomain %>.freshdesk.com",
                "path": "/api/v2/tickets/<%= context.ticket_id %>/conversations",
                "headers": {
                    "Authorization": "Basic <%= encode(iparam.api_key + ':X') %>",
                    "Content-Type": "application/json",
                },
                "query": {"page": "<%= context.page %>", "per_page": "100"},
            }
        }
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def _steps() -> tuple[str, ...]:
    return (
        "Unpack the ZIP; in its folder run `fdk validate` and `fdk pack` (Freshworks developer"
        " kit), which makes dist/*.zip.",
        "Freshdesk, Admin, Apps, Manage apps, Build your own app: upload that as a custom app. At"
        " the installation give the subdomain and an API key; Freshdesk keeps it.",
        "On the server add to POTICA_EMBED_ORIGINS https://<name>.freshdesk.com and the address"
        " that Freshworks serves the app from (the browser's console names it when it is missing).",
        "Restart the server, open a ticket, open the app, and sign in once.",
    )
