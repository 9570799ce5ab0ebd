"""Dependencies of the routes: services and sessions. Who may call: `api.auth.rules`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session

from api.schemas.common import KEY
from api.state import Services, services_of


def get_read_session(request: Request) -> Iterator[Session]:
    """A session that waits for no writer and cannot write."""
    with services_of(request).readers() as session:
        yield session


App = Annotated[Services, Depends(services_of)]
ReadSession = Annotated[Session, Depends(get_read_session, scope="function")]
PathKey = Annotated[
    str, Path(pattern=KEY, max_length=120, description="small letters, digits, dots, - and _")
]
