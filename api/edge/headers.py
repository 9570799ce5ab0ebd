"""Security headers of every response. Each one, and why: docs/security-headers.md."""

from __future__ import annotations

from api.edge.policy import Policy

YEAR = 365 * 24 * 3600  # seconds
SCRIPT = "/embed.js"  # any page may include it
SIGN_IN = "/embed/sign-in"  # a window of its own, opened by the sidebar, which it must reach
PRACTICE = "/practice"  # the one page of ours that shows another in a frame
_OFF = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
# The window to sign in speaks with the sidebar that opened it, on the practice desk, too.
_OPENERS = {SIGN_IN: "unsafe-none", PRACTICE: "same-origin-allow-popups"}
PERMISSIONS = ", ".join([*(f"{name}=()" for name in _OFF), "clipboard-write=(self)"])


def security_headers(policy: Policy, path: str, nonce: str) -> dict[str, str]:
    """Name -> value, for the response to one request."""
    embed = is_embed(path)
    others = policy.embed_origins if embed else ()
    framing = ("'self'", *others) if embed else ()
    headers = {
        "content-security-policy": content_policy(
            nonce, framing, policy.is_https, shows_frames=path == PRACTICE, shows_fetched=embed
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": _OPENERS.get(path, "same-origin"),
        "cross-origin-resource-policy": (
            "cross-origin" if others or path == SCRIPT else "same-origin"
        ),
        "permissions-policy": PERMISSIONS,
    }
    if not others:  # it knows no list of origins
        headers["x-frame-options"] = "SAMEORIGIN" if embed else "DENY"
    if policy.is_https:
        headers["strict-transport-security"] = f"max-age={YEAR}"
    return headers


def content_policy(
    nonce: str,
    framing: tuple[str, ...],
    is_https: bool,
    *,
    shows_frames: bool = False,
    shows_fetched: bool = False,
) -> str:
    """What a page may load and do; scripts run by the nonce of this very response only.

    `shows_fetched`: pictures that its script has fetched with a token.
    """
    ancestors = " ".join(framing) or "'none'"
    parts = [
        "default-src 'none'",
        f"script-src 'nonce-{nonce}'",
        "script-src-attr 'none'",
        "style-src 'self'",
        "img-src 'self' blob:" if shows_fetched else "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        f"frame-ancestors {ancestors}",
        *(("frame-src 'self'",) if shows_frames else ()),
        "require-trusted-types-for 'script'",
        "trusted-types potica",
    ]
    if is_https:
        parts.append("upgrade-insecure-requests")
    return "; ".join(parts)


def is_embed(path: str) -> bool:
    """Whether this is a page that our own pages and the configured origins may show in a frame."""
    return path != SIGN_IN and (path == "/embed" or path.startswith("/embed/"))
