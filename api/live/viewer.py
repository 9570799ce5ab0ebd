"""Viewer: who looks at an interaction, as far as what is shown depends on it."""

from __future__ import annotations

from dataclasses import dataclass

from kb.assist.live import ReaderView
from kb.domain import Permission, Principal


@dataclass(frozen=True)
class Viewer:
    """`asks`: may be given suggestions. `sees`: may be shown more than that it is there."""

    reader: ReaderView
    language: str | None  # of the interface, as the person chose it
    asks: bool
    sees: bool
    person: str | None  # whose eyes, to count streams by

    @classmethod
    def of(cls, principal: Principal) -> Viewer:
        with_cases = principal.may(Permission.read_cases)
        sees = principal.may(Permission.read_interactions)
        return cls(
            ReaderView(principal.widest, principal.scope, with_cases),
            principal.language,
            sees and principal.may(Permission.ask),
            sees,
            principal.user_id,
        )

    def key(self, interaction_id: str) -> tuple[str, str]:
        """What is watched: the interaction, and what of it may be seen. Others share it."""
        return interaction_id, f"{self.reader.key}{int(self.asks)}{int(self.sees)}"
