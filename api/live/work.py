"""What is done for live interactions in threads: suggest, put views together, look for changes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from api.live.subscription import Frame, Subscription
from api.live.viewer import Viewer
from api.live.views import Asked, Kept, Shown, is_fresh, make_view, may_be_seen, withdrawn
from api.metrics import Metrics
from api.schemas.interactions import InteractionView
from kb.assist.engine import Engine
from kb.assist.live import LiveState, load_again, load_state, suggest_live
from kb.domain import utc_now
from kb.queries.interactions import get_interaction
from kb.queries.live import KnowledgeMark, Place, knowledge_mark, places
from kb.queries.passages import index_state

_UNSEEN = {"interaction": {"sequence"}, "suggestion": {"milliseconds", "versions"}}
"""Of a view: what may differ with nothing new to be seen."""


@dataclass(frozen=True, slots=True)
class Built:
    """A view made now. Where it is not fresh, a suggestion is to be made."""

    view: InteractionView
    is_fresh: bool

    @property
    def place(self) -> Place:
        return Place(self.view.interaction.version, self.view.interaction.sequence)

    @property
    def frame(self) -> Frame:
        """The view as it is pushed."""
        told = self.view.model_dump_json(exclude=_UNSEEN).encode()
        digest = hashlib.blake2b(told, digest_size=16).digest()
        return Frame(self.view.interaction.sequence, self.view.model_dump_json().encode(), digest)


@dataclass(frozen=True, slots=True)
class Order:
    """An interaction to be looked at anew for some eyes, in the languages of who looks."""

    interaction_id: str
    viewer: Viewer
    languages: Collection[str | None]
    shown: Shown | None


@dataclass(frozen=True, slots=True)
class Done:
    """`frames` by language of the interface."""

    shown: Shown | None
    place: Place
    frames: Mapping[str | None, Frame]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the database found; of interactions that were not asked for, nothing."""

    asked: Collection[str]
    places: Mapping[str, Place]
    mark: KnowledgeMark
    expired: Collection[Subscription]
    withdrawn: Collection[tuple[str, str]]  # keys of what shows something not to be seen any more


@dataclass(frozen=True, slots=True)
class Work:
    """Safe to share by threads; holds no session while the model runs."""

    engine: Engine
    readers: sessionmaker[Session]
    metrics: Metrics

    def view(
        self, interaction_id: str, viewer: Viewer, shown: Shown | None, with_history: bool = False
    ) -> Built:
        """What there is to be seen now, without waiting for anything. Raises NotFound."""
        with self.readers() as session:
            state = load_state(session, interaction_id, viewer.reader.scope)
            return self._built(session, state, shown, viewer, with_history)

    def version_without(
        self, interaction_id: str, viewer: Viewer, shown: Shown | None
    ) -> int | None:
        """The version that has no fresh suggestion yet; None when it has one. Raises NotFound."""
        with self.readers() as session:
            version = get_interaction(session, interaction_id, viewer.reader.scope).version
            fresh = shown is not None and is_fresh(session, shown, version, viewer.reader)
            return None if fresh else version

    def do(self, order: Order) -> Done:
        """Suggest where it is needed, and make the views. Raises NotFound and as the engine."""
        shown, viewer = order.shown, order.viewer
        with self.readers() as session:
            state = load_state(session, order.interaction_id, viewer.reader.scope)
            index = index_state(session)
            fresh = shown is not None and is_fresh(session, shown, state.version, viewer.reader)
        if viewer.asks and not fresh:
            made = suggest_live(self.engine, state, viewer.reader)
            result = made.result
            name = "answered" if result.nothing_known is None else result.nothing_known.code
            self.metrics.observe_suggestion(result.language, name, result.milliseconds)
            shown = Shown.of(made, index, self.engine.settings)
        with self.readers() as session:
            state = load_again(session, state, viewer.reader.scope)
            frames = {}
            for language in order.languages:
                seen_by = Viewer(viewer.reader, language, viewer.asks, viewer.sees, None)
                frames[language] = self._built(session, state, shown, seen_by, False).frame
        return Done(shown, Place(state.row.version, state.row.sequence), frames)

    def look(
        self,
        ids: Sequence[str],
        due: Sequence[Subscription],
        kept: Sequence[Kept],
    ) -> Looked:
        """What moved, whose credential is not good any more, what may not be shown any more."""
        with self.readers() as session:
            return Looked(
                frozenset(ids),
                places(session, ids),
                knowledge_mark(session, utc_now()),
                [one for one in due if not one.standing(session)],
                withdrawn(session, kept),
            )

    def _built(
        self,
        session: Session,
        state: LiveState,
        shown: Shown | None,
        viewer: Viewer,
        with_history: bool,
    ) -> Built:
        fresh = shown is not None and is_fresh(session, shown, state.version, viewer.reader)
        if shown is not None and not fresh and not may_be_seen(session, shown, viewer.reader):
            shown = None
        pending = viewer.asks and not fresh
        asked = Asked(viewer, pending, with_history)
        view = make_view(session, self.engine.settings, state, shown, asked)
        return Built(view, not pending)
