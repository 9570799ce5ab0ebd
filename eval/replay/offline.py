"""The offline evaluation's reading and search, with the thresholds that the engine speaks by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.replay.dialogs import Dialog, Said
from eval.replay.judge import Shown
from eval.runs.ask import find, read
from eval.runs.base import Base
from kb.assist.asks import load_asks
from kb.assist.engine import SURE_ENOUGH
from kb.assist.types import Message


@dataclass(frozen=True, slots=True)
class Heard:
    """A base that hears turns offline. `same`: see `ReplaySet`."""

    base: Base
    same: Mapping[str, str]

    def shown(self, dialog: Dialog, heard: Sequence[Said]) -> Shown:
        """What would be shown after these turns."""
        messages = [Message("customer", said.text) for said in heard]
        reading = read(self.base.setup, messages, dialog.language, dialog.known)
        query = reading.query
        if not query.text:
            return Shown(None, "empty", query.asks, 0.0)
        if query.asks < load_asks().threshold:
            return Shown(None, "asks_nothing", query.asks, 0.0)
        hits = find(self.base, reading, limit=1)
        if not hits:
            return Shown(None, "nothing_found", query.asks, 0.0)
        best, sure = self.base.names[hits[0].document_id], hits[0].confidence
        nothing = None if sure >= SURE_ENOUGH else "not_sure"
        return Shown(best, nothing, query.asks, sure, self.same.get(best, best))
