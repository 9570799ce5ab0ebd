"""The calls on cases that end in an article: likenesses, drafts, links."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import delete, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Case, CaseArticle, Permission
from tests.matrix.call import Call
from tests.matrix.objects import ARTICLES, CASES, NOWHERE

P = Permission
CASE = "/api/v1/cases/{case_id}"
DRAFT = {"language": "en", "title": "A parcel in the wrong town", "body": "Relabel it."}


def put_back(session: Session, _caller: str | None) -> None:
    """No case cites anything."""
    session.execute(delete(CaseArticle).where(col(CaseArticle.case_id).in_(CASES)))
    session.execute(update(Case).where(col(Case.id).in_(CASES)).values(articles=[]))


def calls() -> Iterator[Call]:
    """Every state of a case may be written about and linked; a draft needs a solution only."""
    for key in CASES:
        at = {"case_id": key}
        yield Call("GET", f"{CASE}/similar", "", at, 200, case=key)
        yield Call("POST", f"{CASE}/draft", "", at, 200, case=key, given={"json": {}})
        corrected = {"json": {"redactions": {key: []}}}
        needs = frozenset({P.correct_redaction})
        yield Call("POST", f"{CASE}/draft", "corrected", at, 200, needs, case=key, given=corrected)
        yield _link(key, "m-public", 200)
        yield _link(key, NOWHERE, 404)
        saved = {"json": DRAFT | {"cases": [key]}}
        needs = frozenset({P.read_cases})
        yield Call("POST", "/api/v1/drafts", f"of {key}", {}, 201, needs, given=saved)
    at = {"case_id": NOWHERE}
    yield Call("GET", f"{CASE}/similar", "", at, 404)
    yield Call("POST", f"{CASE}/draft", "", at, 404, given={"json": {}})
    yield _link(NOWHERE, "m-public", 404)
    lost = {"json": DRAFT | {"cases": [NOWHERE]}}
    yield Call("POST", "/api/v1/drafts", "of none", {}, 404, frozenset({P.read_cases}), given=lost)
    yield Call("GET", "/api/v1/groups", "", {}, 200)
    yield Call("POST", "/api/v1/checklist", "", {}, 200, given={"json": {"language": "en"}})
    text = {"json": {"text": "my parcel went to the wrong town", "language": "en"}}
    yield Call("POST", "/api/v1/duplicates", "", {}, 200, given=text)


def pages() -> Iterator[Call]:
    """The page on which a case becomes an article, and what its buttons do."""
    page = "/editor/cases/{case_id}/draft"
    reads = frozenset({P.read_cases})
    said = {"language": "en", "title": DRAFT["title"], "body": DRAFT["body"]}
    for key in CASES:
        at = {"case_id": key}
        yield Call("GET", page, "", at, 200, reads, case=key)
        raw = {"params": {"raw": "true"}}
        yield Call("GET", page, "raw", at, 200, reads | {P.read_raw_cases}, case=key, given=raw)
        yield Call("GET", f"{page}/done", "", at, 200, reads, case=key)
        for do, status, more in (
            ("again", 200, set()),
            ("save", 303, set()),
            ("submit", 303, {P.write_articles}),
            ("publish", 303, {P.publish_articles}),
            ("link:m-public", 303, {P.write_cases}),
            (f"link:{NOWHERE}", 404, {P.write_cases}),
        ):
            form = {"data": said | {"do": do}}
            yield Call("POST", page, do, at, status, reads | more, None, key, form, put_back)
    at = {"case_id": NOWHERE}
    yield Call("GET", page, "", at, 404, reads)
    yield Call("POST", page, "", at, 404, reads, given={"data": said})
    yield Call("GET", f"{page}/done", "", at, 404, reads)


def past() -> Iterator[Call]:
    """An article's past, and its translations beside the original, in every state of it."""
    page = "/editor/articles/{article_id}"
    for article in ARTICLES:
        at = {"article_id": article.key}
        yield Call("GET", f"{page}/history", "", at, 200, article=article)
        there, none = at | {"language": "en"}, at | {"language": "hu"}
        yield Call("GET", f"{page}/{{language}}/source", "", there, 200, article=article)
        yield Call("GET", f"{page}/{{language}}/source", "no text", none, 404, article=article)
    at = {"article_id": NOWHERE, "language": "en"}
    yield Call("GET", f"{page}/history", "", at, 404)
    yield Call("GET", f"{page}/{{language}}/source", "", at, 404)


def _link(case: str, article: str, status: int) -> Call:
    at, given = {"case_id": case}, {"json": {"article": article}}
    return Call("POST", f"{CASE}/link", article, at, status, given=given, prepare=put_back)
