"""Neighbours equal scikit-learn's brute force, and above the exact range the stated recall is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from tests.xai_core.embedding.tables import clusters, table_of
from xai_core.embedding.graph import knn_graph
from xai_core.embedding.neighbours import neighbours, open_index
from xai_core.embedding.pca import pca_map
from xai_core.embedding.suspects import held_out
from xai_core.embedding.tsne import tsne_map
from xai_core.embedding.umap_map import umap_map
from xai_core.errors import Cancelled, NotApplicable, SettingError

METRICS = {"l2": "euclidean", "cosine": "cosine"}


def brute_force(vectors: np.ndarray, queries: np.ndarray, k: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    search = NearestNeighbors(algorithm="brute", metric=METRICS[metric]).fit(vectors.astype(np.float64))
    distances, rows = search.kneighbors(np.atleast_2d(queries).astype(np.float64), k)
    return rows, distances


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("shift", [0, 300])  # far from the origin float32 products cancel
def test_neighbours_equal_scikit_learns_brute_force(metric: str, shift: float) -> None:
    vectors = clusters(5000, 96, 7)[0] + np.float32(shift)
    queries = vectors[:40] + np.random.default_rng(1).normal(0, 0.3, (40, 96))
    found = neighbours(open_index(table_of(vectors), metric), queries, 12)
    rows, distances = brute_force(vectors, queries.astype(np.float32), 12, metric)
    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_a_row_is_not_its_own_neighbour_but_its_copies_are(metric: str) -> None:
    vectors = clusters(300, 16, 3)[0]
    vectors[200:203] = vectors[7]
    found = neighbours(open_index(table_of(vectors), metric), 7, 3)
    assert found.rows.tolist() == [[200, 201, 202]]
    np.testing.assert_allclose(found.distances, 0, atol=1e-7)


def test_distances_come_out_as_in_a_hand_computation() -> None:
    table = table_of(np.array([[0, 0.0], [3, 4], [6, 8], [0, 1]]))
    found = neighbours(open_index(table), np.array([0.0, 0.0]), 4)
    assert found.rows.tolist() == [[0, 3, 1, 2]]
    assert found.distances.tolist() == [[0, 1, 5, 10]]
    found = neighbours(open_index(table, "cosine"), np.array([3.0, 4.0]), 3)
    assert found.rows.tolist() == [[1, 2, 3]]
    np.testing.assert_allclose(found.distances, [[0, 0, 0.2]], atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_the_index_for_large_tables_finds_what_it_says(tmp_path: Path, metric: str) -> None:
    vectors = clusters(20_000, 64, 30)[0]
    table = table_of(vectors, folder=tmp_path)
    index = open_index(table, metric, exact=False)
    queries = vectors[:200] + np.float32(0.01)
    found = neighbours(index, queries, 10)
    rows, distances = brute_force(vectors, queries, 10, metric)
    recall = np.mean([len(set(a) & set(b)) for a, b in zip(found.rows, rows, strict=True)]) / 10
    assert index.recall >= 0.97
    assert recall >= index.recall - 0.03
    shared = found.rows == rows
    np.testing.assert_allclose(found.distances[shared], distances[shared], rtol=1e-5, atol=1e-6)
    again = neighbours(open_index(table, metric, exact=False), queries, 10)  # read from the disk
    np.testing.assert_array_equal(again.rows, found.rows)


@pytest.mark.parametrize("metric", METRICS)
def test_the_graph_equals_scikit_learns_and_is_kept(tmp_path: Path, metric: str) -> None:
    vectors = clusters(1500, 32, 5)[0]
    table = table_of(vectors, folder=tmp_path)
    graph = knn_graph(table, 15, metric)
    search = NearestNeighbors(algorithm="brute", metric=METRICS[metric]).fit(vectors.astype(np.float64))
    distances, rows = search.kneighbors(n_neighbors=15)
    assert (graph.rows == rows).mean() > 0.9999
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-4, atol=1e-6)
    assert graph.recall == 1.0
    again = knn_graph(table, 15, metric, on_progress=lambda *_: pytest.fail("it was computed again"))
    np.testing.assert_array_equal(again.rows, graph.rows)


def far_from_zero(kind: str) -> np.ndarray:
    vectors = clusters(1200, 48, 9)[0]
    if kind == "two camps":  # around their mean they are as far from zero as before
        return vectors + np.where(np.arange(1200)[:, None] % 2, np.float32(3e4), np.float32(-3e4))
    if kind == "copies":
        vectors[600:] = vectors[:600]
    return vectors + {"near": 0, "shifted": 300, "far": 3e4, "copies": 3e4}[kind] * np.float32(1)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", ["near", "shifted", "far", "copies", "two camps"])
def test_the_recall_that_is_claimed_is_that_of_an_exact_search_in_float64(kind: str, metric: str) -> None:
    vectors = far_from_zero(kind)
    graph = knn_graph(table_of(vectors), 15, metric)
    wide = vectors.astype(np.float64)
    if metric == "cosine":  # in the form that does not cancel: half the squared distance of the directions
        wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    apart = np.stack([((wide - one) ** 2).sum(1) for one in wide])
    np.fill_diagonal(apart, np.inf)
    furthest = np.sort(apart, axis=1)[:, 14:15]
    hits = np.take_along_axis(apart, graph.rows.astype(int), 1) <= furthest * (1 + 1e-5) + 1e-13
    assert graph.recall == 1.0
    assert hits.mean() == 1.0
    fast = knn_graph(table_of(vectors), 15, metric, exact=False)
    hits = np.take_along_axis(apart, fast.rows.astype(int), 1) <= furthest * (1 + 1e-5) + 1e-13
    print(kind, metric, fast.recall, hits.mean())
    assert hits.mean() >= fast.recall - 0.02


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite_are_refused_with_a_sentence(bad: float) -> None:
    vectors = clusters(100, 8, 2)[0]
    vectors[7, 3] = bad
    table = table_of(vectors, np.arange(100) % 2, "ab")
    whole = table_of(clusters(100, 8, 2)[0])
    for work in (
        lambda: knn_graph(table),
        lambda: open_index(table, "cosine"),
        lambda: tsne_map(table),
        lambda: tsne_map(table, graph=knn_graph(whole)),
        lambda: pca_map(table),
        lambda: umap_map(table, process=None),
        lambda: held_out(table),
    ):
        with pytest.raises(
            NotApplicable, match=r"1 of 100 vectors hold numbers that are not finite .* in row 7: leave"
        ):
            work()
    with pytest.raises(SettingError, match="holds numbers that are not finite"):
        neighbours(open_index(whole), vectors[7], 3)


def test_the_graph_of_a_large_table_keeps_its_recall() -> None:
    vectors = clusters(6000, 48, 12)[0]
    exact, fast = (knn_graph(table_of(vectors), 20, exact=exact) for exact in (True, False))
    recall = np.mean([len(set(a) & set(b)) for a, b in zip(exact.rows, fast.rows, strict=True)]) / 20
    assert fast.recall >= 0.97
    assert recall >= 0.95
    assert not (fast.rows == np.arange(6000)[:, None]).any()


def test_the_graph_of_few_pictures_has_fewer_neighbours_and_copies_are_kept_apart() -> None:
    graph = knn_graph(table_of(np.zeros((4, 3))), 4)
    assert graph.k == 3
    assert [sorted(row) for row in graph.rows.tolist()] == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]


def test_the_graph_can_be_stopped() -> None:
    def stop(done: int, _n: int) -> None:
        if done >= 1000:
            raise Cancelled("stopped by the user")

    with pytest.raises(Cancelled):
        knn_graph(table_of(clusters(3000, 8, 3)[0]), 5, on_progress=stop)


def test_a_question_without_sense_is_refused() -> None:
    index = open_index(table_of(np.eye(4)))
    for queries, k, reason in [
        (np.zeros(4), 5, "5 neighbours were asked for; between 1 and 4"),
        (np.zeros(4), 0, "0 neighbours"),
        (np.zeros(3), 1, "A vector of 3 numbers was given; the table's have 4"),
        (9, 1, "There is no row 9; the table's rows are 0 to 3"),
    ]:
        with pytest.raises(SettingError, match=reason):
            neighbours(index, queries, k)
    with pytest.raises(SettingError, match="l2 or cosine, not 'l1'"):
        open_index(table_of(np.eye(4)), "l1")
