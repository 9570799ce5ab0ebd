"""Tasks that an article's owner gets, and what is to happen to an article at a moment."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from kb.domain.types import JsonColumn, UtcDateTime, utc_now


class TaskKind(StrEnum):
    flag = "flag"  # somebody said that something is not right
    review_due = "review_due"
    expired = "expired"  # out of the answers: extend or archive
    schedule_failed = "schedule_failed"


class TaskState(StrEnum):
    open = "open"
    done = "done"


class Task(SQLModel, table=True):
    """Work on a document (`article:<id>` or `case:<id>`). `key` makes each arise once."""

    id: int | None = Field(default=None, primary_key=True)
    kind: TaskKind
    document: str = Field(index=True, max_length=140)
    key: str = Field(unique=True, max_length=200)
    reason: str = Field(default="", max_length=40)  # a flag's kind; age, use or flags
    flag_id: str | None = Field(default=None, foreign_key="flag.id", index=True)
    language: str | None = None
    owner: str | None = Field(default=None, index=True)
    due_at: datetime = Field(sa_type=UtcDateTime, index=True)
    state: TaskState = Field(default=TaskState.open, index=True)
    note: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str | None = None


class ScheduledAction(StrEnum):
    publish = "publish"
    archive = "archive"


class ScheduleState(StrEnum):
    waiting = "waiting"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"


class Schedule(SQLModel, table=True):
    """What is to happen to an article at `at`, once, in the name of who planned it."""

    id: int | None = Field(default=None, primary_key=True)
    article_id: str = Field(foreign_key="article.id", index=True, max_length=120)
    action: ScheduledAction
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    revisions: dict[str, int] = Field(
        default_factory=dict, sa_column=Column(JsonColumn, nullable=False)
    )  # language -> revision to show: what was there when it was planned
    actor: str
    note: str = ""
    state: ScheduleState = Field(default=ScheduleState.waiting, index=True)
    error: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
