"""Alembic's entry: runs the migrations on the connection `kb.db.migrate` hands over."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import kb.domain  # noqa: F401  (registers every table)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,  # SQLite can, since kb.db starts real transactions
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
