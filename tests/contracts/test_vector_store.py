"""What every `VectorStore` must do. A store joins by a line in `STORES`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from kb.errors import InvalidInput
from kb.ports import Ids, PassageFilter, PassageLabels, Vectors, VectorStore
from kb.search import dense
from kb.search.dense import FaissStore

DIM = 24
SMALL, LARGE = 60, 3000  # below and above the size from which inverted lists are used
LABELS = PassageLabels("article", "en", "public")

LabelFacets = tuple[tuple[str, tuple[str, ...]], ...]
Make = Callable[[], VectorStore]
STORES: dict[str, Make] = {"faiss": lambda: FaissStore(DIM)}


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest) -> VectorStore:
    return STORES[request.param]()


@pytest.fixture(params=[SMALL, LARGE], ids=["exact", "lists"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(dense, "EXACT_UP_TO", 2000)  # the real one would take minutes to test
    assert isinstance(request.param, int)
    return request.param


def unit_rows(count: int, seed: int = 1) -> Vectors:
    """Clusters, as texts make them, not noise that is equally far from everything."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(40, DIM))
    rows = centres[rng.integers(0, 40, count)] + 0.5 * rng.normal(size=(count, DIM))
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def ids_of(count: int, first: int = 1) -> Ids:
    return np.arange(first, first + count, dtype=np.int64)


def mixed_labels(count: int) -> list[PassageLabels]:
    """Each fourth row without facets, each fourth with one that has no value."""
    facets: list[LabelFacets] = [
        (),
        (("product", ("locker",)),),
        (("product", ("pallet", "box")), ("shop", ("A",))),
        (("product", ()), ("shop", ("B",))),
    ]
    return [
        PassageLabels(
            ("article", "case")[i % 2],
            ("en", "pl", "sl", "cs", "hu")[i % 5],
            ("public", "customer", "internal")[i % 3],
            facets[i % 4],
        )
        for i in range(count)
    ]


def filled(store: VectorStore, size: int) -> tuple[Vectors, list[PassageLabels]]:
    rows, labels = unit_rows(size), mixed_labels(size)
    store.upsert(ids_of(size), rows, labels)
    return rows, labels


def fits(label: PassageLabels, where: PassageFilter) -> bool:
    """The words of `PassageFilter`, read one by one."""
    facets = dict(label.facets)
    return (
        (where.pools is None or label.pool in where.pools)
        and (where.languages is None or label.language in where.languages)
        and (where.audiences is None or label.audience in where.audiences)
        and all(not facets.get(key) or values & {*facets[key]} for key, values in where.facets)
    )


FILTERS = {
    "pool": PassageFilter(pools=frozenset({"case"})),
    "language": PassageFilter(languages=frozenset({"sl"})),
    "languages": PassageFilter(languages=frozenset({"sl", "hu", "xx"})),
    "audience": PassageFilter(audiences=frozenset({"public", "customer"})),
    "facet": PassageFilter(facets=(("product", frozenset({"locker"})),)),
    "facet of several": PassageFilter(facets=(("product", frozenset({"box", "tape"})),)),
    "facets": PassageFilter(facets=(("product", frozenset({"box"})), ("shop", frozenset({"B"})))),
    # What the dialog named and what the reader may see may be values of the same facet.
    "facet twice": PassageFilter(
        facets=(("product", frozenset({"box", "locker"})), ("product", frozenset({"locker"})))
    ),
    "no value of a facet": PassageFilter(facets=(("product", frozenset()),)),
    "facet nobody has": PassageFilter(facets=(("colour", frozenset({"red"})),)),
    "all": PassageFilter(
        frozenset({"article"}),
        frozenset({"en", "pl"}),
        frozenset({"public"}),
        (("product", frozenset({"pallet"})),),
    ),
}


def test_an_empty_store_finds_nothing(store: VectorStore) -> None:
    ids, scores = store.search(unit_rows(1)[0], 5)
    assert (ids.shape, scores.shape) == ((0,), (0,))
    assert store.watermark == 0
    store.remove(ids_of(3))
    store.upsert(ids_of(0), np.zeros((0, DIM), np.float32), [])
    assert store.watermark == 0


def test_finds_each_row_by_itself_best_first(store: VectorStore, size: int) -> None:
    rows, _ = filled(store, size)
    for row in range(0, size, size // 30):
        ids, scores = store.search(rows[row], 10)
        assert ids[0] == row + 1
        assert scores[0] == pytest.approx(1, abs=0.02)
        assert len(ids) == 10
        assert scores.tolist() == sorted(scores.tolist(), reverse=True)
        assert scores == pytest.approx(rows[ids - 1] @ rows[row], abs=0.02)
        assert (str(ids.dtype), str(scores.dtype)) == ("int64", "float32")


@pytest.mark.parametrize("where", FILTERS.values(), ids=FILTERS)
def test_filters_let_through_what_fits_and_find_it(
    store: VectorStore, size: int, where: PassageFilter
) -> None:
    rows, labels = filled(store, size)
    fitting = np.array([i + 1 for i, label in enumerate(labels) if fits(label, where)])
    assert len(fitting)
    found = wanted = 0
    for query in unit_rows(20, seed=2):
        ids, _ = store.search(query, 10, where)
        assert set(ids.tolist()) <= set(fitting.tolist())
        best = fitting[np.argsort(-(rows[fitting - 1] @ query))[:10]]
        assert len(ids) == len(best)
        found += len(set(best.tolist()) & set(ids.tolist()))
        wanted += len(best)
    assert found / wanted >= (1.0 if size == SMALL else 0.9)


def test_what_nothing_fits_gives_nothing(store: VectorStore, size: int) -> None:
    rows, _ = filled(store, size)
    for where in (PassageFilter(pools=frozenset()), PassageFilter(languages=frozenset({"de"}))):
        assert len(store.search(rows[0], 5, where)[0]) == 0


def test_an_upsert_replaces_vector_and_labels(store: VectorStore, size: int) -> None:
    rows, _ = filled(store, size)
    cases = PassageFilter(pools=frozenset({"case"}))
    store.upsert(ids_of(1), -rows[:1], [PassageLabels("case", "hu", "internal")])
    assert store.search(-rows[0], 1)[0].tolist() == [1]
    assert 1 not in store.search(rows[0], 5)[0]
    assert store.search(-rows[0], 1, cases)[0].tolist() == [1]
    store.upsert(ids_of(1), rows[:1], [LABELS])
    assert store.search(rows[0], 1)[0].tolist() == [1]
    assert 1 not in store.search(rows[0], size, cases)[0]


def test_removed_is_gone_and_may_come_back(store: VectorStore, size: int) -> None:
    rows, _ = filled(store, size)
    store.remove(np.array([1, 2, 999_999], np.int64))
    assert not {1, 2} & set(store.search(rows[0], size)[0].tolist())
    store.remove(np.array([1], np.int64))
    store.upsert(ids_of(1), rows[:1], [LABELS])
    assert store.search(rows[0], 1)[0].tolist() == [1]
    store.remove(ids_of(size))
    assert len(store.search(rows[0], 5)[0]) == 0


def test_many_small_writes_end_like_one_large(
    store: VectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "SIDE_UP_TO", 16)  # so that the side part is folded in on the way
    rows, labels = unit_rows(100), mixed_labels(100)
    for i in range(100):
        store.upsert(ids_of(1, i + 1), -rows[i : i + 1], [LABELS])
        store.upsert(ids_of(1, i + 1), rows[i : i + 1], [labels[i]])
        if i % 10 == 9:
            store.remove(ids_of(1, i))
    left = np.array([i for i in range(1, 101) if i % 10 != 9])
    for query in unit_rows(5, seed=3):
        ids, scores = store.search(query, 200)
        assert sorted(ids.tolist()) == left.tolist()
        assert scores == pytest.approx(np.sort(rows[left - 1] @ query)[::-1], abs=1e-5)


def test_the_watermark_is_the_highest_id_taken_in(store: VectorStore) -> None:
    store.upsert(np.array([7, 3], np.int64), unit_rows(2), [LABELS] * 2)
    assert store.watermark == 7
    store.upsert(ids_of(1), unit_rows(1), [LABELS])
    store.remove(np.array([7], np.int64))
    assert store.watermark == 7  # what was taken in, not what is left
    store.upsert(np.array([2**40], np.int64), unit_rows(1), [LABELS])
    assert store.watermark == 2**40
    assert store.search(unit_rows(1)[0], 1)[0].tolist() in ([1], [2**40])


@pytest.mark.parametrize(
    ("ids", "rows", "labels"),
    [
        (ids_of(2), np.zeros((2, DIM + 1)), [LABELS] * 2),
        (ids_of(2), np.zeros(DIM), [LABELS] * 2),
        (ids_of(2), np.zeros((2, DIM, 1)), [LABELS] * 2),
        (ids_of(1), np.zeros((2, DIM)), [LABELS] * 2),
        (ids_of(2), np.zeros((2, DIM)), [LABELS]),
        (np.array([4, 4]), np.zeros((2, DIM)), [LABELS] * 2),
    ],
    ids=["too wide", "one row flat", "too deep", "too few ids", "too few labels", "an id twice"],
)
def test_wrong_shapes_are_refused_and_change_nothing(
    store: VectorStore, ids: Ids, rows: Vectors, labels: Sequence[PassageLabels]
) -> None:
    filled(store, SMALL)
    with pytest.raises(InvalidInput):
        store.upsert(ids, rows.astype(np.float32), labels)
    assert store.watermark == SMALL
    assert store.search(unit_rows(SMALL)[1], 1)[0].tolist() == [2]


@pytest.mark.parametrize("width", [DIM - 1, DIM + 1, 2 * DIM, 0])
def test_a_query_of_another_width_is_refused(store: VectorStore, width: int) -> None:
    filled(store, SMALL)
    with pytest.raises(InvalidInput):
        store.search(np.zeros(width, np.float32), 5)


@pytest.mark.parametrize("k", [0, -1])
def test_none_asked_for_none_given(store: VectorStore, size: int, k: int) -> None:
    rows, _ = filled(store, size)
    assert len(store.search(rows[0], k)[0]) == 0


def test_more_asked_for_than_there_is(store: VectorStore) -> None:
    rows, _ = filled(store, SMALL)
    assert sorted(store.search(rows[0], 10_000)[0].tolist()) == ids_of(SMALL).tolist()


def test_what_was_given_may_be_changed_afterwards(store: VectorStore) -> None:
    rows = unit_rows(SMALL)
    given, ids = rows.copy(), ids_of(SMALL)
    store.upsert(ids, given, [LABELS] * SMALL)
    given[:], ids[:] = 0, 0
    assert store.search(rows[3], 1)[0].tolist() == [4]


def test_searches_beside_writes(store: VectorStore, size: int) -> None:
    """Rows 1 to 20 stay and must be found in every search; the others come and go."""
    rows, _ = filled(store, size)
    cases = PassageFilter(pools=frozenset({"case"}))
    wrong: list[object] = []
    stop = threading.Event()

    def look(first: int) -> None:
        try:
            while not stop.is_set():
                for row in range(first, 20, 4):
                    if row + 1 not in store.search(rows[row], 5)[0]:
                        wrong.append(row)
                    wrong.extend(i for i in store.search(rows[row], 9, cases)[0] if i % 2)
        except Exception as error:
            wrong.append(error)

    readers = [threading.Thread(target=look, args=(i,)) for i in range(4)]
    for reader in readers:
        reader.start()
    for ids, part, labels in _writes(size):
        store.remove(ids)
        store.upsert(ids, part, labels)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def _writes(size: int) -> Iterator[tuple[Ids, Vectors, list[PassageLabels]]]:
    rng = np.random.default_rng(4)
    labels = mixed_labels(size)
    for step in range(40):
        chosen = np.sort(rng.choice(np.arange(20, size), min(300, size - 20), replace=False))
        # Rows far from all others, so that they never push the first twenty out.
        yield chosen + 1, 0.1 * unit_rows(len(chosen), step), [labels[i] for i in chosen]
