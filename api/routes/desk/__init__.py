"""The editors' pages: what awaits me, articles, languages, tasks, groups, questions."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes.desk.home import router as home

router = APIRouter(include_in_schema=False)
for pages in (home,):
    router.include_router(pages)
