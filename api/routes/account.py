"""One's own account: name, language, password, open sessions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from api.auth.identify import limits_of
from api.auth.rules import SignedIn
from api.deps import App
from api.edge.address import network_of
from api.state import Services
from api.ui import i18n, render
from kb.actions.sessions import revoke_session, revoke_sessions
from kb.actions.users import change_password, update_user
from kb.domain import Principal
from kb.errors import (
    Conflict,
    InvalidInput,
    KbError,
    NotFound,
    PasswordRefused,
    SignInFailed,
    TooMany,
)
from kb.passwords import MOST, check_new, check_password, new_password
from kb.queries.sessions import list_sessions
from kb.queries.users import get_credentials, get_user

router = APIRouter(prefix="/account", include_in_schema=False)
Typed = Annotated[str, Form(max_length=2000)]
SessionId = Annotated[str, Path(pattern=r"^ses_[0-9a-f]{16}$")]
FAR = 303


@router.get("")
def account_page(request: Request, app: App, me: SignedIn, done: str = "") -> Response:
    """Everything about one's own account on one page."""
    return _page(request, app, me, {"done": done})


@router.post("")
def post_account(
    request: Request, app: App, me: SignedIn, name: Typed = "", language: Typed = ""
) -> Response:
    """Change one's name and language."""
    chosen = i18n.choose(language, default=me.language or "en")
    try:
        with app.engine.session_factory.begin() as session:
            update_user(session, _id(me), actor=me.actor, name=name, language=chosen)
    except InvalidInput as error:
        return _page(request, app, me, {"about_error": error, "typed_name": name}, error.status)
    response = RedirectResponse("/account?done=about", FAR)
    render.keep_language(response, chosen)
    return response


@router.post("/password")
def post_password(
    request: Request, app: App, me: SignedIn, old: Typed = "", password: Typed = ""
) -> Response:
    """Change one's password; all other sessions end."""
    try:
        _change_password(request, app, me, old, password)
    except (SignInFailed, PasswordRefused, TooMany, Conflict) as error:
        return _page(request, app, me, {"password_error": error}, _shown_status(error))
    return RedirectResponse("/account?done=password", FAR)


@router.post("/sessions/revoke")
def post_revoke_others(app: App, me: SignedIn) -> Response:
    """Sign out everywhere but here."""
    with app.engine.session_factory.begin() as session:
        revoke_sessions(session, _id(me), actor=me.actor, keep=me.credential_id)
    return RedirectResponse("/account?done=sessions", FAR)


@router.post("/sessions/{session_id}/revoke")
def post_revoke(app: App, me: SignedIn, session_id: SessionId) -> Response:
    """Sign out of one session, such as that of a lost phone."""
    try:
        with app.engine.session_factory.begin() as session:
            revoke_session(session, session_id, actor=me.actor, user_id=_id(me))
    except NotFound:
        pass  # it has ended by itself: what was wanted
    return RedirectResponse("/account?done=sessions", FAR)


def _change_password(
    request: Request, app: Services, me: Principal, old: str, password: str
) -> None:
    """Raises SignInFailed when the old password is wrong, PasswordRefused, TooMany, Conflict."""
    network = network_of(request)
    with app.readers() as session:
        found = get_credentials(session, _id(me))
    app.attempts.sign_in(found.user.email, network)
    check_new(password, email=found.user.email, name=found.user.name)
    if not check_password(old, found.password_hash).right:
        app.attempts.failed(network)
        raise SignInFailed
    hashed = new_password(password, email=found.user.email, name=found.user.name)
    with app.engine.session_factory.begin() as session:
        change_password(
            session, _id(me), hashed, old_hash=found.password_hash, keep=me.credential_id
        )
    app.attempts.signed_in(found.user.email, network)


def _page(
    request: Request, app: Services, me: Principal, values: dict[str, Any], status: int = 200
) -> Response:
    with app.readers() as session:
        user = get_user(session, _id(me))
        sessions = list_sessions(session, user.id, limits_of(app.settings))
    shown = {
        "path": "/account",  # where the links to other languages lead, after a form too
        "user": user,
        "typed_name": user.name,
        "sessions": sessions,
        "here": me.credential_id,
        "most": MOST,
        "done": "",
        "about_error": None,
        "password_error": None,
    }
    return render.page(request, "account.html", shown | values, status)


def _shown_status(error: KbError) -> int:
    """401 would say that nobody is signed in."""
    return 422 if isinstance(error, SignInFailed) else error.status


def _id(me: Principal) -> str:
    assert me.user_id is not None  # the rule has seen to it
    return me.user_id
