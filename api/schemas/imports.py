"""Shapes of imports in the API."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from indexer.load import ImportReport

ImportFormat = Literal["markdown", "jsonl", "csv", "html", "docx", "zendesk"]


class ToldOut(BaseModel):
    """What is told of a record."""

    file: str
    line: int
    message: str


class ImportOut(BaseModel):
    """What an import did, or, as a dry run, would do."""

    dry_run: bool
    created: list[str] = Field(description="keys of articles")
    changed: list[str]
    unchanged: list[str]
    rejected: list[ToldOut] = Field(description="records that were not taken, and why")
    notices: list[ToldOut] = Field(description="what of others was not carried over as it was")
    pictures: int = Field(description="that came along with articles")
    redirects: list[str] = Field(description="old keys that lead to articles from now on")

    @classmethod
    def of(cls, report: ImportReport) -> ImportOut:
        return cls(
            dry_run=report.dry_run,
            created=report.created,
            changed=report.changed,
            unchanged=report.unchanged,
            rejected=[
                ToldOut(file=found.file, line=found.line, message=found.reason)
                for found in report.rejected
            ],
            notices=[
                ToldOut(file=found.file, line=found.line, message=found.message)
                for found in report.notices
            ],
            pictures=len(report.pictures),
            redirects=report.redirects,
        )
