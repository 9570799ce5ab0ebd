"""How long sessions live, as set."""

from __future__ import annotations

from datetime import timedelta

from kb.config import Settings
from kb.domain.session_rules import SessionLimits


def limits_of(settings: Settings) -> SessionLimits:
    """The settings' figures as the rules take them."""
    return SessionLimits(
        idle=timedelta(hours=settings.session_idle_hours),
        absolute=timedelta(days=settings.session_days),
    )
