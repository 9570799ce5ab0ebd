"""The FAISS vector store: exact while small, inverted lists when large.

FAISS objects are never changed once they can be searched (a change under a search crashes the
process): every write makes a new immutable state and swaps one reference. Small writes go to a
side part that is scanned exactly; it is folded into the index when it has grown.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import InvalidInput
from kb.ports import Ids, PassageFilter, PassageLabels, Vectors
from kb.search.labels import LabelColumns, Mask

EXACT_UP_TO = 20_000  # rows; above it inverted lists answer faster and still find .99 of the rest
SIDE_UP_TO = 1_000  # rows scanned exactly beside the index before it is rebuilt
PROBE_SHARE = 0.06  # share of the inverted lists looked into
MOST_PROBES = 5.0  # times as many lists behind a narrow filter
TRAIN_ROWS = 30_000


@dataclass(frozen=True)
class _Block:
    """Immutable rows with their labels and, when large, their FAISS index."""

    ids: Ids
    vectors: Vectors
    labels: tuple[PassageLabels, ...]
    columns: LabelColumns
    index: Any = None


@dataclass(frozen=True)
class _State:
    main: _Block
    side: _Block
    hidden: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    watermark: int = 0


def _block(ids: Ids, vectors: Vectors, labels: Sequence[PassageLabels], *, indexed: bool) -> _Block:
    index = _build_index(vectors) if indexed and len(ids) else None
    return _Block(ids, vectors, tuple(labels), LabelColumns(labels), index)


def _build_index(vectors: Vectors) -> Any:
    import faiss

    count, dim = vectors.shape
    if count <= EXACT_UP_TO:
        index = faiss.IndexFlatIP(dim)
        index.add(vectors)
        return index
    lists = int(2 * np.sqrt(count))
    index = faiss.index_factory(dim, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = 6
    step = max(1, count // TRAIN_ROWS)
    index.train(np.ascontiguousarray(vectors[::step]))
    index.add(vectors)
    index.nprobe = max(8, int(lists * PROBE_SHARE))
    return index


class FaissStore:
    """A `VectorStore` in this process's memory. Searches are safe beside writes."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._write = threading.Lock()
        empty = _block(np.zeros(0, np.int64), np.zeros((0, dim), np.float32), (), indexed=False)
        self._state = _State(empty, empty)

    @classmethod
    def of(cls, ids: Ids, vectors: Vectors, labels: Sequence[PassageLabels]) -> FaissStore:
        """A store with these rows indexed at once. Shapes (n,), (n, dim)."""
        store = cls(vectors.shape[1])
        numbers, rows = store._checked(ids, vectors, labels)
        main = _block(numbers, rows, labels, indexed=True)
        hidden = np.zeros(len(numbers), np.bool_)
        store._state = _State(main, store._state.side, hidden, int(max(numbers, default=0)))
        return store

    @property
    def watermark(self) -> int:
        """The highest passage id taken in; 0 when empty."""
        return self._state.watermark

    def __len__(self) -> int:
        state = self._state
        return len(state.main.ids) - int(state.hidden.sum()) + len(state.side.ids)

    def upsert(self, ids: Ids, vectors: Vectors, labels: Sequence[PassageLabels]) -> None:
        """Add or replace rows. Shapes (n,), (n, dim); raises InvalidInput on other shapes."""
        ids, vectors = self._checked(ids, vectors, labels)
        if not len(ids):
            return
        with self._write:
            state = self._without(self._state, ids)
            self._state = self._with(state, ids, vectors, labels)

    def remove(self, ids: Ids) -> None:
        """Forget these ids; unknown ids are no error."""
        with self._write:
            self._state = self._without(self._state, np.asarray(ids, dtype=np.int64))

    def search(
        self, vector: Vectors, k: int, where: PassageFilter | None = None
    ) -> tuple[Ids, Vectors]:
        """The k nearest by inner product: ids (m,), scores (m,), m <= k, best first."""
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        if query.shape[1] != self.dim:
            raise InvalidInput(f"The query vector has {query.shape[1]} numbers, not {self.dim}.")
        if k < 1:
            return self._state.main.ids[:0], np.zeros(0, np.float32)
        state = self._state
        main = _search_main(state, query, k, where)
        side = _search_exact(state.side, query, k, where)
        ids = np.concatenate([main[0], side[0]])
        scores = np.concatenate([main[1], side[1]])
        order = np.lexsort((ids, -scores))[:k]
        return ids[order], scores[order]

    def _checked(
        self, ids: Ids, vectors: Vectors, labels: Sequence[PassageLabels]
    ) -> tuple[Ids, Vectors]:
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        numbers = np.asarray(ids, dtype=np.int64)
        if rows.ndim != 2 or rows.shape[1] != self.dim:
            raise InvalidInput(
                f"Vectors of shape {rows.shape} do not fit a store of dimension {self.dim}."
            )
        if not len(numbers) == len(rows) == len(labels):
            raise InvalidInput("Give as many ids and labels as vectors.")
        if len(np.unique(numbers)) != len(numbers):
            raise InvalidInput("An id stands twice in one write.")
        return numbers, rows

    def _without(self, state: _State, ids: Ids) -> _State:
        hidden = state.hidden | np.isin(state.main.ids, ids)
        side = state.side
        keep = ~np.isin(side.ids, ids)
        if not keep.all():
            labels = [x for x, kept in zip(side.labels, keep, strict=True) if kept]
            side = _block(side.ids[keep], side.vectors[keep], labels, indexed=False)
        return _State(state.main, side, hidden, state.watermark)

    def _with(
        self, state: _State, ids: Ids, vectors: Vectors, labels: Sequence[PassageLabels]
    ) -> _State:
        watermark = max(state.watermark, int(ids.max()))
        side = _joined(state.side, ids, vectors, labels, indexed=False)
        if len(side.ids) <= SIDE_UP_TO:
            return _State(state.main, side, state.hidden, watermark)
        keep = ~state.hidden
        kept = [x for x, stays in zip(state.main.labels, keep, strict=True) if stays]
        base = _block(state.main.ids[keep], state.main.vectors[keep], kept, indexed=False)
        main = _joined(base, side.ids, side.vectors, side.labels, indexed=True)
        empty = _block(ids[:0], vectors[:0], (), indexed=False)
        return _State(main, empty, np.zeros(len(main.ids), np.bool_), watermark)


def _joined(
    block: _Block, ids: Ids, vectors: Vectors, labels: Sequence[PassageLabels], *, indexed: bool
) -> _Block:
    return _block(
        np.concatenate([block.ids, ids]),
        np.concatenate([block.vectors, vectors]),
        (*block.labels, *labels),
        indexed=indexed,
    )


def _search_main(
    state: _State, query: Vectors, k: int, where: PassageFilter | None
) -> tuple[Ids, Vectors]:
    block = state.main
    if block.index is None:
        return block.ids[:0], np.zeros(0, np.float32)
    allowed = block.columns.mask(where)
    if state.hidden.any():
        allowed = ~state.hidden if allowed is None else allowed & ~state.hidden
    count = len(block.ids) if allowed is None else int(allowed.sum())
    if allowed is not None and count < max(k, len(block.ids) // 50):
        return _scan(block, query, k, np.flatnonzero(allowed)) if count else _nothing(block)
    wanted = min(k, count)
    scores, rows = block.index.search(query, wanted, params=_params(block, allowed))
    found = rows[0] >= 0
    if allowed is not None and found.sum() < wanted:
        # The lists looked into hold too little of what the filter lets through.
        return _scan(block, query, k, np.flatnonzero(allowed))
    return block.ids[rows[0][found]], scores[0][found]


def _nothing(block: _Block) -> tuple[Ids, Vectors]:
    return block.ids[:0], np.zeros(0, np.float32)


def _params(block: _Block, allowed: Mask | None) -> Any:
    import faiss

    if allowed is None:
        return None
    bits = np.packbits(allowed, bitorder="little")
    selector = faiss.IDSelectorBitmap(bits)
    if isinstance(block.index, faiss.IndexIVF):
        # The narrower the filter, the more lists: about as many rows are compared as without.
        more = min(MOST_PROBES, 1 / float(np.mean(allowed)))
        probe = min(block.index.nlist, int(block.index.nprobe * more))
        return faiss.SearchParametersIVF(sel=selector, nprobe=probe)
    return faiss.SearchParameters(sel=selector)


def _search_exact(
    block: _Block, query: Vectors, k: int, where: PassageFilter | None
) -> tuple[Ids, Vectors]:
    if not len(block.ids):
        return _nothing(block)
    allowed = block.columns.mask(where)
    rows = np.arange(len(block.ids)) if allowed is None else np.flatnonzero(allowed)
    return _scan(block, query, k, rows)


def _scan(block: _Block, query: Vectors, k: int, rows: NDArray[np.int64]) -> tuple[Ids, Vectors]:
    scores = block.vectors[rows] @ query[0]
    best = np.argsort(-scores, kind="stable")[:k]
    return block.ids[rows[best]], scores[best].astype(np.float32)
