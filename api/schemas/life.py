"""Reviews, history, plans and tasks of articles."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.articles import NoteIn
from api.schemas.common import Count, Input, Language, Moment, Name, Output, Text
from kb.domain import (
    ReviewDecision,
    ScheduledAction,
    ScheduleState,
    TaskKind,
    TaskState,
    Trust,
)

Languages = Annotated[list[Language], Field(min_length=1, max_length=40)]
NeededWords = Annotated[Text, StringConstraints(min_length=1, max_length=2000)]


class SubmitIn(NoteIn):
    """Ask for a review, of somebody in particular or of anybody."""

    asked_of: Name | None = Field(None, description="id of a person")
    expected_version: Count | None = None


class ChangesIn(Input):
    """What is to be changed before it can be approved."""

    note: NeededWords


class ApproveIn(NoteIn):
    """`publish` shows the texts to readers at once; `validate` says that they can be trusted."""

    publish: bool = False
    validated: bool = False
    expected_version: Count | None = Field(
        None, description="what was read: refuse (409) when the article has moved on"
    )


class TrustIn(NoteIn):
    trust: Trust


class ReviewedIn(NoteIn):
    """Looked over, and it stands. `review_by`: when again; left out: by age, use and flags."""

    review_by: Moment | None = None


class ScheduleIn(NoteIn):
    """What is to happen, and when; `languages` for publishing, left out: all there are now."""

    action: ScheduledAction
    at: Moment
    languages: Languages | None = None


class TaskIn(Input):
    """Whose the task is from now on, and until when."""

    owner: Name | None
    due_at: Moment


class PlannedOut(Output):
    id: int


class ReviewOut(Output):
    id: int
    asked_by: str
    asked_by_name: str
    asked_of: str | None
    asked_at: datetime
    note: str
    decision: ReviewDecision
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str


class ReviewsOut(Output):
    """The newest first."""

    reviews: list[ReviewOut]


class ChangeOut(Output):
    action: str
    actor: str
    actor_name: str
    note: str
    version: int
    at: datetime


class HistoryOut(Output):
    """Who changed the article and why, the newest first."""

    changes: list[ChangeOut]
    total: int
    offset: int
    limit: int


class ScheduleOut(Output):
    id: int
    article_id: str
    action: ScheduledAction
    at: datetime
    languages: list[str]
    actor: str
    note: str
    state: ScheduleState
    error: str


class SchedulesOut(Output):
    """The newest first."""

    schedules: list[ScheduleOut]


class TaskOut(Output):
    id: int
    kind: TaskKind
    document: str
    reason: str = Field(description="a flag's kind; age, use or flags of a review that is due")
    language: str | None
    owner: str | None
    owner_name: str | None
    due_at: datetime
    state: TaskState
    note: str
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    flag_id: str | None
    flag_text: str | None


class TasksOut(Output):
    """What is due first first."""

    tasks: list[TaskOut]
    total: int
    offset: int
    limit: int
