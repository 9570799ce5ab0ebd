"""Health, readiness and figures, for whoever runs the server."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.auth.rules import Everyone, allow
from api.deps import App
from api.schemas.health import HealthOut, ReadyOut
from api.state import Services
from kb.db import is_current
from kb.domain import Permission, Principal
from kb.errors import KbError
from kb.queries.outbox import OutboxState, outbox_state

router = APIRouter(tags=["operation"])


@router.get("/healthz", response_model=HealthOut)
def healthz(_everyone: Everyone) -> HealthOut:
    """The process lives."""
    return HealthOut(status="ok")


@router.get("/readyz", response_model=ReadyOut, responses={503: {"model": ReadyOut}})
def readyz(app: App, _everyone: Everyone, response: Response) -> ReadyOut:
    """Database and index can answer; 503 with the reason when not."""
    database, outbox = _database(app)
    index = "ok" if app.engine.searcher.ready() else "not loaded: potica index rebuild"
    ready = database == index == "ok"
    response.status_code = 200 if ready else 503
    return ReadyOut(
        ready=ready,
        checks={"database": database, "index": index},
        generation=app.engine.searcher.generation,
        pending=outbox.pending if outbox else 0,
    )


@router.get("/metrics", include_in_schema=False)
def metrics(app: App, _reader: Annotated[Principal, allow(Permission.read_metrics)]) -> Response:
    """Prometheus's text format."""
    _, outbox = _database(app)
    if outbox is not None:
        app.metrics.pending.set(outbox.pending)
        app.metrics.failed.set(outbox.failed)
    return Response(app.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _database(app: Services) -> tuple[str, OutboxState | None]:
    """What is wrong with the database, or "ok" and how far behind the index is."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        if not is_current(app.engine.database):
            return "not migrated: potica init", None
        with app.readers() as session:
            return "ok", outbox_state(session)
    except (SQLAlchemyError, KbError):
        return "not reachable: potica doctor says why", None
