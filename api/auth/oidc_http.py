"""Every request to an identity provider leaves through here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from kb.errors import FetchFailed
from kb.net import Fetched, fetch

SECONDS = 8.0
MAX_BYTES = 500_000


def call(
    issuer: str,
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Fetched:
    """Ask the provider. Its own host may be on a private network, others may not.

    Raises FetchRefused and FetchFailed.
    """
    own = frozenset({urlsplit(issuer).netloc})
    return fetch(
        url,
        method=method,
        headers={"accept": "application/json", **(headers or {})},
        body=body,
        timeout=SECONDS,
        max_bytes=MAX_BYTES,
        allowed_hosts=own,
    )


def read_json(found: Fetched) -> dict[str, Any]:
    """The object in an answer, whatever its status. Raises FetchFailed."""
    try:
        value = json.loads(found.body)
    except (ValueError, RecursionError) as error:
        raise FetchFailed("The identity provider did not answer with JSON.") from error
    if not isinstance(value, dict):
        raise FetchFailed("The identity provider answered with something else than an object.")
    return value


def check_status(found: Fetched) -> Fetched:
    """The same answer. Raises FetchFailed unless it is a good one."""
    if found.status != 200:
        raise FetchFailed(f"The identity provider answered with status {found.status}.")
    return found
