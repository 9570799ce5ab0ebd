"""Pictures in the matrix: one that a public article shows, and one that never was.

Who sees one by its article's audience is asserted in `tests/kb/actions/test_attachments.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlalchemy.orm import Session

from kb.actions.articles import save_article
from kb.actions.attachments import keep_image
from kb.domain import IMAGE_FOLDER
from tests.kb.builders import article
from tests.kb.images.pictures import picture
from tests.matrix.call import Call

ROUTE = f"{IMAGE_FOLDER}{{key}}"
PICTURE = picture(colour="#5a3")
KEY = hashlib.sha256(PICTURE).hexdigest()[:32] + ".png"


def calls() -> Iterator[Call]:
    """Looking at a picture."""
    nowhere = "0" * 32 + ".png"
    yield Call("GET", ROUTE, "shown", {"key": KEY}, 200, prepare=_put_back)
    yield Call("GET", ROUTE, "never was", {"key": nowhere}, 404)


def _put_back(session: Session, _caller: str | None) -> None:
    key = keep_image(session, PICTURE, "matrix.png", "matrix")
    assert key == KEY
    save_article(session, article("m-pictured", {"en": f"![x]({IMAGE_FOLDER}{key})"}), "matrix")
