"""Templates: one Jinja environment per language of the interface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent
from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from api.auth.visitor import visitor_of
from api.schemas.common import Problem
from api.state import services_of
from api.ui import i18n, marks
from kb.assist.compose import is_line
from kb.domain import utc_now

FOLDER = Path(__file__).parent
YEAR = 365 * 24 * 3600  # seconds


@lru_cache(maxsize=len(i18n.NAMES))
def environment(language: str) -> Environment:
    """Templates whose texts, numbers and dates are in `language`."""
    templates = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    catalogue = i18n.translations(language)
    templates.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext, catalogue.ngettext, newstyle=True, pgettext=catalogue.pgettext
    )
    templates.filters["number"] = lambda value, digits=0: _number(value, digits, language)
    templates.filters["percent"] = lambda value: format_percent(value, locale=language)
    templates.filters["ago"] = lambda value: _ago(value, language)
    templates.filters["when"] = lambda value: _when(value, language)
    templates.filters["day"] = lambda value: _day(value, language)
    templates.filters["date"] = lambda value: _date(value, language)
    templates.filters["moment"] = lambda value: _moment(value, language)
    templates.filters["marked_markdown"] = marks.marked_markdown
    templates.filters["marked_text"] = marks.marked_text
    templates.filters["local"] = _local
    templates.tests["line"] = is_line
    templates.globals["ui_language"] = language
    templates.globals["ui_languages"] = i18n.NAMES
    templates.globals["plural_samples"] = i18n.plural_samples(language)
    return templates


def ui_language(request: Request) -> str:
    """As asked for in the address, chosen before, set in the account, or the browser prefers."""
    default = services_of(request).settings.default_language
    return i18n.choose(
        request.query_params.get("ui"),
        request.cookies.get(i18n.COOKIE),
        visitor_of(request).language,
        request.headers.get("accept-language"),
        default=default,
    )


def page(
    request: Request, template: str, values: dict[str, Any], status: int = 200
) -> HTMLResponse:
    """A page in the visitor's language; a choice made in the address is kept in a cookie."""
    language = ui_language(request)
    known = {
        # A path of two slashes would lead to another host, and one of a scheme anywhere.
        "path": "/" + request.url.path.lstrip("/"),
        "query": dict(request.query_params),
        "csp_nonce": request.scope.get("potica.nonce", ""),
        "visitor": visitor_of(request),
    }
    html = environment(language).get_template(template).render(known | values)
    content = html.encode("utf-8", "replace")
    response = HTMLResponse(content, status, {"vary": "accept-language, cookie"})
    response.headers["content-language"] = language
    if request.query_params.get("ui") == language:
        keep_language(response, language)
    return response


def keep_language(response: Response, language: str) -> None:
    """Have the browser keep the language of the interface."""
    response.set_cookie(
        i18n.COOKIE, language, max_age=YEAR, httponly=True, samesite="lax", path="/"
    )


def error_page(request: Request, problem: Problem) -> HTMLResponse:
    """An error for a person: what happened and where to go from here."""
    return page(request, "error.html", {"problem": problem}, problem.status)


def _local(address: str) -> str:
    """An address of this server without its name: the visitor may know it by another."""
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _number(value: float, digits: int, language: str) -> str:
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=language)


def _day(value: datetime, language: str) -> str:
    return format_date(value, format="long", locale=language)


def _date(value: datetime, language: str) -> str:
    return format_date(value, format="medium", locale=language)


def _when(value: datetime, language: str) -> str:
    """How far away, before or behind, in words."""
    distance = value - utc_now()
    if abs(distance) < timedelta(days=1):
        return format_timedelta(distance, granularity="hour", add_direction=True, locale=language)
    return format_timedelta(distance, granularity="day", add_direction=True, locale=language)


def _moment(value: datetime, language: str) -> str:
    return format_datetime(value, format="medium", tzinfo=UTC, locale=language)


def _ago(value: datetime, language: str) -> str:
    """How long ago, in words; less than a minute counts as one."""
    passed = max(utc_now() - value, timedelta(minutes=1))
    return format_timedelta(-passed, granularity="minute", add_direction=True, locale=language)
