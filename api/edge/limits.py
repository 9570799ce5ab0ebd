"""How large and how odd a request line and its headers may be."""

from __future__ import annotations

from starlette.types import Scope

MAX_TARGET = 16_384  # bytes of path and query: a question of 4,000 characters fits
MAX_HEADERS = 64
MAX_HEADER_BYTES = 16_384  # all names and values


def refused_head(scope: Scope) -> tuple[int, str] | None:
    """Status and advice when a request's head is not taken; None when it is."""
    target = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if target > MAX_TARGET:
        return 414, f"Keep the address under {MAX_TARGET:,} bytes: send long texts in a body."
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        return 431, f"Send at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES:,} bytes together."
    names = [name for name, _ in headers]
    if b"transfer-encoding" in names and b"content-length" in names:
        # Two servers in a row could take different bytes for the end of this request.
        return 400, "Send Content-Length or Transfer-Encoding, not both."
    return None
