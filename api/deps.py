"""Dependencies of the routes: services, sessions, and who is asking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request
from sqlalchemy.orm import Session

from api.schemas.common import KEY
from api.state import Services, services_of
from kb.domain import READABLE_BY, Audience
from kb.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: as whom the writes are noted, and the most this one may see."""

    actor: str
    widest: Audience

    def as_audience(self, wanted: Audience) -> Audience:
        """Read as `wanted`. Raises Forbidden when that shows more than this reader may see."""
        if not READABLE_BY[wanted] <= READABLE_BY[self.widest]:
            raise Forbidden(
                f"You may not read as {wanted}: ask as {self.widest}, or sign in as an agent."
            )
        return wanted

    def require_internal(self) -> None:
        """Raises Forbidden for readers from outside the company."""
        self.as_audience(Audience.internal)


def get_reader(request: Request) -> Reader:
    """Who is asking. With `open_access` everybody who reaches the server may do everything;
    without it everybody reads what is public and nothing more.
    """
    is_open = services_of(request).settings.open_access
    widest = Audience.internal if is_open else Audience.public
    return Reader("anonymous", widest)


def get_insider(reader: Annotated[Reader, Depends(get_reader)]) -> Reader:
    """A reader from inside the company, for cases, gaps and every write."""
    reader.require_internal()
    return reader


def get_read_session(request: Request) -> Iterator[Session]:
    """A session that waits for no writer and cannot write."""
    with services_of(request).readers() as session:
        yield session


App = Annotated[Services, Depends(services_of)]
Anyone = Annotated[Reader, Depends(get_reader)]
Insider = Annotated[Reader, Depends(get_insider)]
ReadSession = Annotated[Session, Depends(get_read_session, scope="function")]
PathKey = Annotated[
    str, Path(pattern=KEY, max_length=120, description="small letters, digits, dots, - and _")
]
