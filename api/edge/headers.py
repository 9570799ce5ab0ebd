"""Security headers of every response. Each one, and why: docs/security-headers.md."""

from __future__ import annotations

from api.edge.policy import Policy

YEAR = 365 * 24 * 3600  # seconds
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
PERMISSIONS = ", ".join([*(f"{name}=()" for name in _OFF), "clipboard-write=(self)"])


def security_headers(policy: Policy, path: str, nonce: str) -> dict[str, str]:
    """Name -> value, for the response to one request."""
    framing = policy.embed_origins if is_embed(path) else ()
    headers = {
        "content-security-policy": content_policy(nonce, framing, policy.is_https),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "cross-origin" if framing else "same-origin",
        "permissions-policy": PERMISSIONS,
    }
    if not framing:
        headers["x-frame-options"] = "DENY"  # it knows no list of origins
    if policy.is_https:
        headers["strict-transport-security"] = f"max-age={YEAR}"
    return headers


def content_policy(nonce: str, framing: tuple[str, ...], is_https: bool) -> str:
    """What a page may load and do; scripts run by the nonce of this very response only."""
    ancestors = " ".join(framing) or "'none'"
    parts = [
        "default-src 'none'",
        f"script-src 'nonce-{nonce}'",
        "script-src-attr 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        f"frame-ancestors {ancestors}",
        "require-trusted-types-for 'script'",
        "trusted-types potica",
    ]
    if is_https:
        parts.append("upgrade-insecure-requests")
    return "; ".join(parts)


def is_embed(path: str) -> bool:
    """Whether this is a page that the configured origins may show in a frame."""
    return path == "/embed" or path.startswith("/embed/")
