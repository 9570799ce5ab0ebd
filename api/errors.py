"""Every error leaves as RFC 9457: `application/problem+json`, or a readable page for browsers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response

from api.logs import describe
from api.schemas.common import FieldError, Problem
from kb.errors import (
    ConfigError,
    DatabaseError,
    EncoderError,
    GeneratorError,
    KbError,
    NotFound,
    SearchIndexError,
    SignInNeeded,
    TooMany,
)

MEDIA_TYPE = "application/problem+json"
MAX_FIELD_ERRORS = 20
CLIENT_GONE = 499  # in logs and figures only
_FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/try/answers")
INSIDE = "Try again in a moment; `potica doctor` on the server says what is wrong."
# Their messages are for whoever runs the server: they name addresses and files.
_OF_THE_INSIDE = (ConfigError, DatabaseError, EncoderError, GeneratorError, SearchIndexError)
log = structlog.get_logger("potica.errors")

# code, title and what to do, for what the framework refuses by itself
_HTTP = {
    400: ("bad_request", "The request cannot be read", "Send a well-formed JSON document."),
    403: ("forbidden", "Not allowed", "Ask for access to this."),
    404: ("not_found", "Not found", "Check the address: /openapi.json lists every one."),
    405: ("method_not_allowed", "This method does not apply", "Use one of: {allow}."),
    408: ("too_slow", "The request came too slowly", "Send it faster."),
    413: ("too_large", "The request is too large", "Send at most 1,000,000 bytes."),
    414: ("address_too_long", "The address is too long", "Send long texts in a body."),
    415: ("unsupported_media_type", "This form of content cannot be read", "Send JSON."),
    431: ("headers_too_large", "The headers are too large", "Send fewer or shorter headers."),
}


class ProblemResponse(Response):
    """A problem document; always valid UTF-8, whatever the client sent."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        text = json.dumps(
            problem.model_dump(mode="python", exclude_none=True, exclude_defaults=True),
            ensure_ascii=False,
            default=str,
        )
        content = text.encode("utf-8", "replace")
        super().__init__(content, problem.status, dict(headers or {}))


def problem_of(error: KbError, request_id: str | None = None) -> Problem:
    """What is told of an expected error."""
    return Problem(
        type=f"urn:potica:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=INSIDE if isinstance(error, _OF_THE_INSIDE) else error.message,
        code=error.code,
        request_id=request_id,
        details={name: _plain(value) for name, value in error.details.items()},
    )


def problem_for(status: int, detail: str, request_id: str | None = None) -> Problem:
    """What is told of a refusal that has a status only."""
    phrase = HTTPStatus(status).phrase
    code, title, _ = _HTTP.get(status, (phrase.lower().replace(" ", "_"), phrase, ""))
    return Problem(
        type=f"urn:potica:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        request_id=request_id,
    )


def unexpected(request_id: str | None) -> Problem:
    """A defect of ours: nothing of its inside is told."""
    return Problem(
        type="urn:potica:problem:internal_error",
        title="Something went wrong on our side",
        status=500,
        detail="Try again; if it happens again, report it with this request_id.",
        code="internal_error",
        request_id=request_id,
    )


def log_unexpected(error: BaseException) -> None:
    """Where it happened and of what kind; never its message, which may hold what people wrote."""
    log.error("unexpected_error", **describe(error))


def wants_page(scope: Mapping[str, Any], accept: str) -> bool:
    """Whether a person with a browser is waiting, not a program."""
    path = scope["path"]
    return not path.startswith(_FOR_PROGRAMS) and "text/html" in accept


def install(app: FastAPI) -> None:
    """Take over every way an error can leave the application."""
    app.add_exception_handler(KbError, _on_kb_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(OperationalError, _on_database_error)
    app.add_exception_handler(InterfaceError, _on_database_error)
    app.add_exception_handler(ClientDisconnect, _on_gone)


def _respond(
    request: Request, problem: Problem, headers: Mapping[str, str] | None = None
) -> Response:
    if wants_page(request.scope, request.headers.get("accept", "")):
        from api.ui.render import error_page

        page = error_page(request, problem)
        page.headers.update(headers or {})
        return page
    return ProblemResponse(problem, headers)


def request_id_of(request: Request) -> str | None:
    """The id that the edge gave this request."""
    found: str | None = request.scope.get("potica.request_id")
    return found


def _on_kb_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, KbError)
    if error.status >= 500:
        log.error("expected_error", code=error.code, status=error.status, reason=error.message)
    if isinstance(error, SignInNeeded) and _can_sign_in(request):
        from api.auth.sign_in import sign_in_address

        return RedirectResponse(sign_in_address(request), 303)
    return _respond(request, problem_of(error, request_id_of(request)), _headers_of(request, error))


def _headers_of(request: Request, error: KbError) -> dict[str, str]:
    """What HTTP wants said beside the problem (RFC 9110, RFC 6750)."""
    headers = {}
    if isinstance(error, TooMany):
        headers["retry-after"] = str(error.retry_after)
    if error.status == 401:
        bad = request.headers.get("authorization", "").lower().startswith("bearer")
        challenge = 'Bearer realm="potica"'
        headers["www-authenticate"] = challenge + (', error="invalid_token"' if bad else "")
    return headers


def _can_sign_in(request: Request) -> bool:
    """Whether a person waits who can be shown the form; a bearer token needs mending instead."""
    accepts = request.headers.get("accept", "")
    return wants_page(request.scope, accepts) and "authorization" not in request.headers


def _on_database_error(request: Request, error: Exception) -> Response:
    log_unexpected(error)
    told = DatabaseError("The database does not answer: try again in a moment.")
    return _respond(request, problem_of(told, request_id_of(request)))


def _on_gone(request: Request, error: Exception) -> Response:
    """The client broke off in the middle of a file: nobody reads this; it stands in the log."""
    return Response(status_code=CLIENT_GONE)


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    _, _, advice = _HTTP.get(error.status_code, ("", "", "Check the request and try again."))
    allow = (error.headers or {}).get("Allow", "another method")
    detail = advice.format(allow=allow)
    problem = problem_for(error.status_code, detail, request_id_of(request))
    return _respond(request, problem, error.headers)


def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = list(error.errors())
    is_page = wants_page(request.scope, request.headers.get("accept", ""))
    if is_page and all(item["loc"][0] == "path" for item in found):
        return _on_kb_error(request, NotFound("There is no such page: check the address."))
    problem = Problem(
        type="urn:potica:problem:invalid_input",
        title="The input is not valid",
        status=422,
        detail=_advice(request, found),
        code="invalid_input",
        request_id=request_id_of(request),
        errors=[_field_error(item) for item in found[:MAX_FIELD_ERRORS]],
    )
    return _respond(request, problem)


def _advice(request: Request, found: list[Any]) -> str:
    kind = request.headers.get("content-type", "")
    if any(item.get("type") == "json_invalid" for item in found):
        return "The body is not valid JSON: send a JSON document in UTF-8."
    if "json" not in kind and any(item.get("loc") == ("body",) for item in found):
        return "Send a JSON document with the header Content-Type: application/json."
    return "Correct the fields listed in errors and send the request again."


def _field_error(item: Any) -> FieldError:
    """Where and what, but never the value: it may be personal, huge or not even text."""
    place = [str(part)[:80] for part in item.get("loc", ())]
    if len(place) > 1 and place[0] in ("body", "query", "path", "header"):
        place = place[1:]
    message = str(item.get("msg", "")).removeprefix("Value error, ")
    return FieldError(field=".".join(place), code=str(item.get("type", "")), message=message[:300])


def _plain(value: object) -> object:
    """As JSON has it: what is nested stays so."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
