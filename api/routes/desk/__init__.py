"""The editors' pages: what awaits me, articles, languages, tasks, groups, questions."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes.desk.articles import router as articles
from api.routes.desk.board import router as board
from api.routes.desk.bulk import router as bulk
from api.routes.desk.duplicates import router as duplicates
from api.routes.desk.gaps import router as gaps
from api.routes.desk.groups import router as groups
from api.routes.desk.home import router as home
from api.routes.desk.tasks import router as tasks

router = APIRouter(include_in_schema=False)
for pages in (home, articles, bulk, duplicates, board, tasks, groups, gaps):
    router.include_router(pages)
