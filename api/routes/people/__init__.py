"""The administrators' pages: people, roles, API keys, sessions, audit, personal data."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes.people.accounts import router as accounts
from api.routes.people.audit import router as audit
from api.routes.people.keys import router as keys
from api.routes.people.privacy import router as privacy
from api.routes.people.roles import router as roles
from api.routes.people.sessions import router as sessions

router = APIRouter(include_in_schema=False)
for pages in (accounts, roles, keys, sessions, audit, privacy):
    router.include_router(pages)
