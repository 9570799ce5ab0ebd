"""What the edge allows, worked out once from the settings."""

from __future__ import annotations

import re
from dataclasses import dataclass

from api.edge.names import origin_of, served_names
from kb.config import Settings

STREAMS = re.compile(r"/api/v1/interactions/[^/]+/events")
"""Addresses that answer for as long as they like; they have clocks of their own."""
UPLOADS = frozenset({"/api/v1/imports", "/editor/import"})
"""Addresses that take a file to import: as it comes, and larger than any other body."""
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """`names` is empty where any name is answered to (an application without settings)."""

    names: frozenset[str] = frozenset()
    public_origin: str = ""
    embed_origins: tuple[str, ...] = ()
    request_seconds: float = 30.0
    body_seconds: float = 15.0
    import_bytes: int = 64 * MEGABYTE
    import_seconds: float = 600.0

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        return cls(
            names=served_names(settings),
            public_origin=origin_of(settings.resolved_public_url),
            embed_origins=settings.embed_origins,
            request_seconds=settings.request_seconds,
            body_seconds=settings.body_seconds,
            import_bytes=settings.import_megabytes * MEGABYTE,
            import_seconds=settings.import_seconds,
        )

    @property
    def is_https(self) -> bool:
        return self.public_origin.startswith("https:")

    def seconds_for(self, method: str, path: str) -> float | None:
        """How long an answer may take; None for streams."""
        if is_upload(method, path):
            return max(self.request_seconds, self.import_seconds)
        return None if is_stream(path) else self.request_seconds


def is_stream(path: str) -> bool:
    """Whether an answer to this address goes on until somebody ends it."""
    return STREAMS.fullmatch(path) is not None


def is_upload(method: str, path: str) -> bool:
    """Whether a file is sent with it."""
    return method == "POST" and path in UPLOADS
