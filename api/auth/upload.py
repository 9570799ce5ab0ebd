"""Forms with a file: read to the disk, and only for whoever may send one."""

from __future__ import annotations

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from api.auth import cookies
from api.auth.session_limits import limits_of
from api.edge.policy import is_upload
from api.state import services_of
from kb.domain import Permission
from kb.domain.session_rules import Standing
from kb.errors import InvalidInput
from kb.queries.roles import load_roles, permissions_of
from kb.queries.sessions import find_token

MULTIPART = "multipart/form-data"
MAX_FIELDS = 30
MAX_FIELD_BYTES = 8_192


def takes_file(request: Request) -> bool:
    """Whether the body is a form with a file that the edge has let through unread."""
    return is_upload(request.method, request.scope["path"])


async def read_upload(request: Request) -> FormData:
    """The form; its file lies on the disk. Raises InvalidInput for any other kind of body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MULTIPART:
        raise InvalidInput("No file came: choose one.")
    form = await request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)
    request.scope["potica.form"] = form  # the edge closes it
    return form


async def may_send(request: Request) -> bool:
    """Whether a session that may publish sends it: for others nothing is written to the disk.

    Asked before the form is read for its token. Who it is and what exactly they may do is found
    out afterwards, as for every request.
    """
    return await run_in_threadpool(_may_send, request)


def _may_send(request: Request) -> bool:
    services, shown = services_of(request), cookies.shown_token(request, cookies.SESSION)
    if not shown:
        return False
    with services.readers() as session:
        found = find_token(session, shown, limits_of(services.settings))
        if found is None or found.standing in (Standing.over, Standing.reused):
            return False
        allowed = permissions_of(load_roles(session), found.user.roles)
    return Permission.publish_articles in allowed
