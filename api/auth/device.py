"""What a browser says of itself, in two words: enough to know one's own devices by."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from kb.actions.sessions import Device

# The first that fits: browsers name each other to be let in.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device_of(connection: HTTPConnection) -> Device:
    """The device of a request; an unknown one has no label."""
    said = connection.headers.get("user-agent", "")[:500]
    found = [
        next((name for sign, name in signs if sign in said), "") for signs in (_BROWSERS, _SYSTEMS)
    ]
    address = connection.client.host if connection.client else ""
    return Device(", ".join(name for name in found if name), address)
