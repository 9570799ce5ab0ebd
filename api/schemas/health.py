"""Whether the server lives and is ready."""

from __future__ import annotations

from api.schemas.common import Output


class HealthOut(Output):
    status: str


class ReadyOut(Output):
    """`checks` names each part and what is wrong with it, or "ok"."""

    ready: bool
    checks: dict[str, str]
    generation: str
    pending: int
