"""A dashboard app of Chatwoot is an address: what to paste, and where."""

from __future__ import annotations

from kb.cli.helpdesks import HelpdeskPackage


def build_chatwoot(url: str) -> HelpdeskPackage:
    address = f"{url}/embed?host=chatwoot"
    steps = (
        "Chatwoot, Settings, Integrations, Dashboard apps, Add a new dashboard app: the name"
        f" Potica, the endpoint {address}",
        "On the server add the address of your Chatwoot to POTICA_EMBED_ORIGINS, as in"
        ' ["https://chat.example"], and restart it.',
        "Open a conversation, the tab Potica, and sign in once.",
    )
    lines = ["# Potica in Chatwoot", "", *(f"{n}. {step}" for n, step in enumerate(steps, 1)), ""]
    return HelpdeskPackage("potica-chatwoot.md", {"README.md": "\n".join(lines).encode()}, steps)
