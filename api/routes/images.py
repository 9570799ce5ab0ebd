"""Pictures of articles: given by those who write, shown to those who may see an article with it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Request
from starlette.responses import Response

from api.auth.rules import allow
from api.deps import App, ReadSession
from api.schemas.images import ImageOut
from kb.actions.attachments import keep_cleaned
from kb.domain import IMAGE_KEY, Permission, Principal, image_address
from kb.images.clean import MEDIA_TYPES, clean_image
from kb.queries.attachments import load_image

router = APIRouter(tags=["images"])
Writer = Annotated[Principal, allow(Permission.write_articles)]
Reader = Annotated[Principal, allow(Permission.read_articles)]
ImageKey = Annotated[str, Path(pattern=f"^{IMAGE_KEY.pattern}$", max_length=40)]
# Whatever a picture's bytes could be taken for: nothing in it runs or loads.
ALONE = "default-src 'none'; style-src 'none'; sandbox; frame-ancestors 'none'"
_BINARY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in MEDIA_TYPES.values()
        },
    }
}


@router.post("/api/v1/images", response_model=ImageOut, status_code=201, openapi_extra=_BINARY)
def post_image(
    app: App, writer: Writer, data: Annotated[bytes, Body(media_type="image/png")] = b""
) -> ImageOut:
    """Keep a picture (PNG, JPEG, GIF or WebP; the body is its bytes) to show it in articles.

    What is not pixels (places, names, thumbnails) does not come along; a large one is made
    smaller. You see it at once, others with the first article of theirs that shows it.
    """
    image = clean_image(data)
    key = app.change(lambda session: keep_cleaned(session, image, writer.actor))
    return ImageOut(key=key, address=image_address(key), width=image.width, height=image.height)


@router.get("/images/{key}", include_in_schema=False)
def image(request: Request, session: ReadSession, reader: Reader, key: ImageKey) -> Response:
    """The picture, for whoever may see it now: a copy is asked about each time."""
    found = load_image(session, key, reader)
    headers = {
        "etag": f'"{key}"',
        "cache-control": "private, no-cache",
        "content-security-policy": ALONE,
        "content-disposition": f'inline; filename="{key}"',
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.data, media_type=found.media_type, headers=headers)
