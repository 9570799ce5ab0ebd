"""The calls of the matrix on articles, cases and suggestions, and where the others are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kb.domain import ArticleState, Audience, CaseState, Permission
from tests.matrix import (
    authoring,
    desk,
    drafts,
    editor,
    hooks,
    images,
    interactions,
    knowledge,
    live,
    people,
)
from tests.matrix.call import Call, Needs
from tests.matrix.objects import ARTICLES, CASES, NOWHERE, ArticleObject

P = Permission
ASKED = {"messages": [{"role": "customer", "text": "my parcel went to the wrong town"}]}


def listed(suggestion: str) -> Iterator[Call]:
    """Every call on an object whose state matters."""
    for article in ARTICLES:
        yield from _on_article(article)
    yield from _on_no_article()
    for key, state in CASES.items():
        yield from _on_case(key, state)
    yield from _on_no_case()
    yield from _on_suggestions(suggestion)
    yield from _asking()
    yield from people.calls()
    yield from live.calls()
    yield from interactions.calls()
    yield from knowledge.calls()
    yield from drafts.calls()
    yield from drafts.pages()
    yield from drafts.past()
    yield from authoring.calls()
    yield from desk.calls()
    yield from hooks.calls()
    yield from images.calls()
    yield from editor.calls()


def _readings() -> Iterator[tuple[str, Mapping[str, str], tuple[Audience, ...], Needs]]:
    public, customer, internal = Audience.public, Audience.customer, Audience.internal
    yield "as the public", {}, (public,), frozenset()
    yield (
        "as a customer",
        {"audience": "customer"},
        (public, customer),
        _of(P.read_customer_articles),
    )
    everyone = (public, customer, internal)
    yield "as an agent", {"audience": "internal"}, everyone, _of(P.read_internal_articles)


def _on_article(article: ArticleObject) -> Iterator[Call]:
    api, page = "/api/v1/articles/{article_id}", "/a/{article_id}"
    at = {"article_id": article.key}
    for label, params, audiences, needs in _readings():
        status = 200 if article.readable_by(*audiences) else 404
        for route in (api, page):
            yield Call("GET", route, label, at, status, needs, article, given={"params": params})
    latest = {"params": {"view": "latest"}}
    yield Call("GET", api, "latest", at, 200, _of(P.read_drafts), article, given=latest)
    # It reads as the most one may see: between, the gate's own tests look.
    if article.readable_by(Audience.public) or not article.readable_by(*Audience):
        status = 200 if article.readable_by(Audience.public) else 404
        passage = "/embed/passage/article/{article_id}"
        yield Call("GET", passage, "", at, status, article=article)
    yield from _saves(article)
    state = article.state
    is_archived, is_draft = state == ArticleState.archived, state == ArticleState.draft
    yield Call("POST", f"{api}/publish", "", at, 409 if is_archived else 200, article=article)
    yield Call("POST", f"{api}/archive", "", at, 200, article=article)
    yield Call(
        "POST", f"{api}/restore", "", at, 200 if is_archived or is_draft else 409, article=article
    )


def _saves(article: ArticleObject) -> Iterator[Call]:
    state = article.state
    shown, away = state == ArticleState.published, state == ArticleState.archived
    days_lost = shown and (article.days is not None or article.until is not None)
    base = _of(P.publish_articles) if days_lost else frozenset()  # the body below has no dates
    publish, archive = _of(P.publish_articles), _of(P.archive_articles)

    def put(label: str, status: int, needs: Needs, **changes: Any) -> Call:
        body = _article(**{"audience": article.audience} | changes)
        at = {"article_id": article.key}
        route = "/api/v1/articles/{article_id}"
        return Call("PUT", route, label, at, status, needs, article, given={"json": body})

    yield put("words", 200, base)
    moved = 409 if away else 200
    yield put(
        "publish", moved, base | publish | (archive if away else frozenset()), state="published"
    )
    taken = archive | base if shown else archive if away else frozenset()
    yield put("to draft", 200, taken, state="draft")
    yield put("archive", 200, archive | base, state="archived")
    other = "internal" if article.audience != Audience.internal else "public"
    yield put("audience", 200, base | (publish if shown else frozenset()), audience=other)
    yield put("trust", 200, base | _of(P.review_articles), trust="validated")


def _on_no_article() -> Iterator[Call]:
    api, page = "/api/v1/articles/{article_id}", "/a/{article_id}"
    at = {"article_id": NOWHERE}
    for label, params, _, needs in _readings():
        for route in (api, page):
            yield Call("GET", route, label, at, 404, needs, given={"params": params})
        for route in ("/hc/articles/{number}", "/hc/{locale}/articles/{number}"):
            place = {"locale": "en-us", "number": "3600-never-was"}
            yield Call("GET", route, label, place, 404, needs, given={"params": params})
    latest = {"params": {"view": "latest"}}
    yield Call("GET", api, "latest", at, 404, _of(P.read_drafts), given=latest)
    for verb in ("publish", "archive", "restore"):
        yield Call("POST", f"{api}/{verb}", "", at, 404)


def _on_case(key: str, state: CaseState) -> Iterator[Call]:
    api, at = "/api/v1/cases/{case_id}", {"case_id": key}
    yield Call("GET", api, "", at, 200, case=key)
    yield Call("GET", "/c/{case_id}", "", at, 200, case=key)
    yield Call("GET", "/embed/passage/case/{case_id}", "", at, 200, case=key)
    yield Call("PUT", api, "words", at, 200, case=key, given={"json": _case()})
    away = {"json": _case(state="archived")}
    yield Call("PUT", api, "archive", at, 200, _of(P.archive_cases), case=key, given=away)
    solved = {"json": {"resolution": "Relabelled.", "outcome": "solved"}}
    status = 200 if state == CaseState.open else 409
    yield Call("POST", f"{api}/resolve", "", at, status, case=key, given=solved)
    yield Call("POST", f"{api}/archive", "", at, 200, case=key)
    hidden = f"{api}/redactions"
    yield Call("GET", hidden, "", at, 200, case=key)
    for label, version, wanted in (("hide", 1, 200), ("too late", 0, 409)):
        given = {"json": {"version": version, "redactions": []}}
        yield Call("PUT", hidden, label, at, wanted, case=key, given=given)
    page = "/c/{case_id}/redactions"
    yield Call("GET", page, "", at, 200, case=key)
    for label, form, wanted in (("hide", "1", 303), ("too late", "0", 409)):
        yield Call("POST", page, label, at, wanted, case=key, given={"data": {"version": form}})


def _on_no_case() -> Iterator[Call]:
    api, at = "/api/v1/cases/{case_id}", {"case_id": NOWHERE}
    solved = {"json": {"resolution": "Relabelled.", "outcome": "solved"}}
    yield Call("GET", api, "", at, 404)
    yield Call("GET", "/c/{case_id}", "", at, 404)
    yield Call("GET", f"{api}/redactions", "", at, 404)
    nothing = {"json": {"version": 1, "redactions": []}}
    yield Call("PUT", f"{api}/redactions", "", at, 404, given=nothing)
    yield Call("GET", "/c/{case_id}/redactions", "", at, 404)
    form = {"data": {"version": "1"}}
    yield Call("POST", "/c/{case_id}/redactions", "", at, 404, given=form)
    yield Call("POST", f"{api}/resolve", "", at, 404, given=solved)
    yield Call("POST", f"{api}/archive", "", at, 404)


def _on_suggestions(suggestion: str) -> Iterator[Call]:
    api = "/api/v1/suggestions/{suggestion_id}"
    used = {"json": {"kind": "used"}}
    for key, read, wrote in ((suggestion, 200, 201), ("sug_never", 404, 404)):
        at = {"suggestion_id": key}
        yield Call("GET", api, "", at, read)
        yield Call("POST", f"{api}/feedback", "", at, wrote, given=used)


def _asking() -> Iterator[Call]:
    for audience, needs in (
        (None, frozenset()),
        ("public", frozenset()),
        ("customer", _of(P.read_customer_articles)),
        ("internal", _of(P.read_internal_articles)),
    ):
        label = f"reads as {audience}"
        asked = {"json": ASKED | ({"audience": audience} if audience else {})}
        yield Call("POST", "/api/v1/suggest", label, {}, 200, needs, given=asked)
        sought = {"params": {"q": "wrong town"} | ({"audience": audience} if audience else {})}
        yield Call("GET", "/api/v1/search", label, {}, 200, needs, given=sought)
    cases = {"params": {"q": "wrong town", "pool": "case"}}
    yield Call("GET", "/api/v1/search", "cases", {}, 200, _of(P.read_cases), given=cases)
    for route in ("/try", "/try/answers"):
        for who, needs in (("customer", frozenset()), ("agent", _of(P.read_internal_articles))):
            asked = {"params": {"q": "wrong town", "who": who}}
            yield Call("GET", route, who, {}, 200, needs, given=asked)


def _article(**changes: Any) -> dict[str, Any]:
    text = {"language": "en", "title": "About it", "body": "Ask the depot to relabel it."}
    return {"original_language": "en", "translations": [text]} | changes


def _case(**changes: Any) -> dict[str, Any]:
    message = {"role": "customer", "text": "my parcel went to the wrong town"}
    solved = {"resolution": "Relabelled at the depot.", "outcome": "solved"}
    return {"language": "en", "channel": "chat", "messages": [message]} | solved | changes


def _of(*permissions: Permission) -> Needs:
    return frozenset(permissions)


Listing = Callable[[str], Iterator[Call]]
