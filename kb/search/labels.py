"""Label columns: which rows a `PassageFilter` lets through, as boolean masks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kb.ports import PassageFilter, PassageLabels

Mask = NDArray[np.bool_]
MASKS_KEPT = 32  # of the filters asked last: most searches ask one of a few


class _Codes:
    """One column of small words as integer codes."""

    def __init__(self, words: Sequence[str]) -> None:
        self.vocabulary: dict[str, int] = {}
        self.codes = np.fromiter(
            (self.vocabulary.setdefault(w, len(self.vocabulary)) for w in words),
            dtype=np.int32,
            count=len(words),
        )

    def mask(self, allowed: Iterable[str]) -> Mask:
        fits = np.zeros(len(self.vocabulary), np.bool_)
        fits[[self.vocabulary[w] for w in allowed if w in self.vocabulary]] = True
        mask: Mask = fits[self.codes]
        return mask


class LabelColumns:
    """Labels of n rows, asked by filter. A row without a facet key fits every value of it."""

    def __init__(self, labels: Sequence[PassageLabels]) -> None:
        self.size = len(labels)
        self._pool = _Codes([x.pool for x in labels])
        self._language = _Codes([x.language for x in labels])
        self._audience = _Codes([x.audience for x in labels])
        self._facet_rows: dict[tuple[str, str], list[int]] = {}
        self._facet_keys: dict[str, list[int]] = {}
        for row, label in enumerate(labels):
            for key, values in label.facets:
                if values:  # a facet without a value is none
                    self._facet_keys.setdefault(key, []).append(row)
                for value in values:
                    self._facet_rows.setdefault((key, value), []).append(row)
        self._masks = lru_cache(MASKS_KEPT)(self._mask)

    def mask(self, where: PassageFilter | None) -> Mask | None:
        """Shape (n,), read-only, True where the row may be found; None when everything may."""
        return None if where is None or where == PassageFilter() else self._masks(where)

    def _mask(self, where: PassageFilter) -> Mask:
        mask = np.ones(self.size, dtype=np.bool_)
        for column, allowed in (
            (self._pool, where.pools),
            (self._language, where.languages),
            (self._audience, where.audiences),
        ):
            if allowed is not None:
                mask &= column.mask(allowed)
        for key, values in where.facets:
            mask &= self._facet_mask(key, values)
        mask.flags.writeable = False
        return mask

    def _facet_mask(self, key: str, values: Iterable[str]) -> Mask:
        mask = np.ones(self.size, dtype=np.bool_)
        mask[self._facet_keys.get(key, [])] = False
        for value in values:
            mask[self._facet_rows.get((key, value), [])] = True
        return mask
