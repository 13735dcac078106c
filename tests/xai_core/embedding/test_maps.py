"""Maps repeat, keep neighbourhoods as the field's own code does, stop when told, and place new pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import openTSNE
import pytest
from openTSNE.affinity import PerplexityBasedNN
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import KNeighborsClassifier

import xai_core as xai
from tests.xai_core.embedding.tables import clusters, table_of
from xai_core.datasets import open_dataset
from xai_core.embedding.build import build_table
from xai_core.embedding.graph import knn_graph
from xai_core.embedding.neighbours import open_index
from xai_core.embedding.pca import pca_map
from xai_core.embedding.projection import landmark_map, landmark_table
from xai_core.embedding.quality import agreement, map_quality
from xai_core.embedding.tsne import GraphIndex, placer, tsne_map
from xai_core.embedding.umap_map import UmapProcess, start_umap, umap_map
from xai_core.errors import Cancelled, NotApplicable, SettingError, SightlineError
from xai_core.types import FeatureTable


@pytest.fixture(scope="module")
def digits() -> FeatureTable:
    return build_table(xai.load_model("digits", device="cpu"), open_dataset("digits"))


@pytest.fixture(scope="module")
def umap() -> Iterator[UmapProcess]:
    process = start_umap()
    yield process
    process.stop()


@pytest.mark.parametrize("dims", [2, 3])
def test_principal_components_equal_scikit_learns(dims: int) -> None:
    vectors, _ = clusters(2000, 64, 6)
    found, oracle = pca_map(table_of(vectors), dims), PCA(dims, svd_solver="full").fit(vectors.astype(np.float64))
    np.testing.assert_allclose(found.points, oracle.transform(vectors), atol=2e-3)
    np.testing.assert_allclose(found.place(vectors[7] + 1), oracle.transform(vectors[7:8] + 1), atol=2e-3)
    np.testing.assert_allclose(found.settings["variance"], oracle.explained_variance_ratio_, atol=1e-3)


@pytest.mark.slow
def test_t_sne_is_as_good_as_scikit_learns_on_the_digits(digits: FeatureTable) -> None:
    graph = knn_graph(digits)
    ours = map_quality(digits, graph, tsne_map(digits, graph=graph).points)
    theirs = TSNE(random_state=0, init="pca", max_iter=500).fit_transform(digits.vectors)
    peer = map_quality(digits, graph, theirs)
    assert ours.trustworthiness >= peer.trustworthiness - 0.005
    assert ours.kept >= peer.kept - 0.02


def test_the_digits_are_told_apart_in_the_space_and_on_the_map(digits: FeatureTable) -> None:
    graph = knn_graph(digits)
    quality = map_quality(digits, graph, tsne_map(digits, graph=graph).points)
    assert quality.accuracy_space >= 0.97
    assert quality.accuracy_map >= 0.97
    assert quality.trustworthiness >= 0.98


def test_the_same_seed_gives_the_same_map_and_another_one_another(digits: FeatureTable) -> None:
    first, again, other = (tsne_map(digits, seed=seed).points for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_quality_equals_the_fields_own_figures(digits: FeatureTable) -> None:
    points = pca_map(digits).points
    quality = map_quality(digits, knn_graph(digits), points, 10, sample=2000)
    assert quality.trustworthiness == pytest.approx(trustworthiness(digits.vectors, points, n_neighbors=10), abs=1e-4)
    for space, found in ((digits.vectors, quality.accuracy_space), (points, quality.accuracy_map)):
        # leaving one out: one more neighbour, of which the first is the picture itself and has no say
        votes = KNeighborsClassifier(11, weights=lambda d: np.tile([0.0, *[1.0] * 10], (len(d), 1)))
        assert found == pytest.approx(votes.fit(space, digits.labels).score(space, digits.labels), abs=0.015)
    sampled = map_quality(digits, knn_graph(digits), points, 10, sample=500)
    assert (sampled.sampled, sampled.total) == (500, 1797)
    assert sampled.trustworthiness == pytest.approx(quality.trustworthiness, abs=0.01)


def test_neighbours_of_one_kind_are_counted_against_chance() -> None:
    rows, kinds = np.array([[1, 2], [0, 3], [0, 1], [2, 1]]), np.array([0, 0, 1, -1])
    found = agreement(rows, kinds)
    # known pairs: 0-1 same, 0-2 not; 1-0 same; 2-0 not, 2-1 not. Two of three pictures are of one kind: 2 of 6 pairs.
    assert (found.share, found.chance) == (pytest.approx(2 / 5), pytest.approx(1 / 3))
    assert agreement(rows, np.zeros(4, int)) is None
    random = np.random.default_rng(0)
    blind = agreement(knn_graph(table_of(random.normal(size=(1500, 8)))).rows[:, :10], random.integers(0, 3, 1500))
    assert blind.share == pytest.approx(blind.chance, abs=0.02)


def test_a_perfect_map_and_a_shuffled_one_are_told_apart() -> None:
    flat = table_of(np.random.default_rng(0).normal(size=(400, 2)), np.zeros(400))
    graph = knn_graph(flat)
    perfect = map_quality(flat, graph, flat.vectors)
    assert (perfect.trustworthiness, perfect.kept) == (1.0, 1.0)
    shuffled = map_quality(flat, graph, np.random.default_rng(1).permutation(flat.vectors))
    assert shuffled.trustworthiness == pytest.approx(0.5, abs=0.05)
    assert shuffled.kept < 0.1


def test_a_new_picture_lands_among_its_kind(digits: FeatureTable) -> None:
    placed = tsne_map(digits)
    rows = np.random.default_rng(0).choice(len(digits), 30, replace=False)
    where = np.concatenate([placed.place(digits.vectors[row] * 1.01) for row in rows])
    nearest = np.linalg.norm(placed.points[None] - where[:, None], axis=2).argmin(1)
    assert (digits.labels[nearest] == digits.labels[rows]).mean() >= 0.9
    extent = np.ptp(placed.points, axis=0).max()
    assert np.median(np.linalg.norm(where - placed.points[rows], axis=1)) < 0.05 * extent


def test_a_new_picture_lands_where_opentsne_puts_it(digits: FeatureTable) -> None:
    index = GraphIndex(knn_graph(digits), open_index(digits))
    embedding = openTSNE.TSNEEmbedding(
        tsne_map(digits).points.astype(float),
        PerplexityBasedNN(perplexity=15, knn_index=index),
        negative_gradient_method="bh",
        random_state=0,
    )
    extent = np.ptp(embedding, axis=0).max()
    place = placer(np.asarray(embedding, np.float32), index.index)
    apart = []
    for row in np.random.default_rng(0).choice(len(digits), 25, replace=False):
        vector = digits.vectors[row : row + 1] * np.float32(0.98)
        partial = embedding.prepare_partial(vector, initialization="median", k=10, perplexity=5)
        partial.optimize(100, learning_rate=0.1, exaggeration=1.5, momentum=0.8, max_grad_norm=0.25, inplace=True)
        apart.append(float(np.linalg.norm(place(vector) - np.asarray(partial))) / extent)
    assert np.median(apart) < 0.001
    assert np.quantile(apart, 0.9) < 0.01  # between two groups the smallest difference decides


def test_a_map_in_space_has_three_coordinates_and_places_too(digits: FeatureTable) -> None:
    found = tsne_map(digits, 3)
    assert found.points.shape == (1797, 3)
    assert found.place(digits.vectors[:2]).shape == (2, 3)


def test_t_sne_stops_within_half_a_second() -> None:
    table = table_of(clusters(3000, 32, 5)[0])
    requested: list[float] = []

    def stop(done: int, total: int) -> None:
        assert 0 < done <= total
        if done >= 30:
            requested.append(time.process_time())
            raise Cancelled("stopped by the user")

    with pytest.raises(Cancelled):
        tsne_map(table, on_progress=stop)
    assert time.process_time() - requested[0] < 0.5
    looks: list[float] = []
    tsne_map(table, on_progress=lambda *_: looks.append(time.process_time()))
    assert max(np.diff(looks)) < 0.5  # so the wish to stop is heard in time


def test_equal_pictures_and_few_pictures_make_a_map() -> None:
    for vectors in (np.zeros((20, 8)), np.eye(5), np.ones((50, 3)) * np.arange(50)[:, None]):
        for make in (tsne_map, pca_map):
            assert np.isfinite(make(table_of(vectors)).points).all()


def test_a_map_without_sense_is_refused(umap: UmapProcess) -> None:
    for make in (tsne_map, pca_map, lambda table, dims=2: umap_map(table, dims, process=umap)):
        with pytest.raises(NotApplicable, match="at least 5 pictures; this table has 4"):
            make(table_of(np.eye(4)))
        with pytest.raises(SettingError, match="2 or 3 dimensions, not 4"):
            make(table_of(np.eye(9)), 4)


@pytest.mark.slow
def test_a_preview_of_landmarks_keeps_the_classes(digits: FeatureTable) -> None:
    found = landmark_map(digits, tsne_map, count=500)
    quality = map_quality(digits, knn_graph(digits), found.points)
    assert found.settings["landmarks"] == 500
    assert found.points.shape == (1797, 2)
    assert quality.accuracy_map >= 0.93
    whole = landmark_map(digits, pca_map, count=5000)
    np.testing.assert_array_equal(whole.points, pca_map(digits).points)


@pytest.mark.slow
def test_umap_runs_beside_places_and_can_be_stopped(digits: FeatureTable, umap: UmapProcess) -> None:
    seconds: list[int] = []
    some = landmark_table(digits, np.arange(600))
    found = umap_map(some, process=umap, on_progress=lambda done, _all: seconds.append(done))
    assert umap.ready.is_set()
    assert seconds == sorted(seconds)
    quality = map_quality(some, knn_graph(some), found.points)
    assert quality.accuracy_map >= 0.95
    rows = np.arange(0, 300, 30)
    where = found.place(some.vectors[rows] * 1.001)
    extent = np.ptp(found.points, axis=0).max()
    assert np.median(np.linalg.norm(where - found.points[rows], axis=1)) < 0.1 * extent
    np.testing.assert_array_equal(umap_map(some, process=umap).points, found.points)  # the seed
    start = time.monotonic()
    with pytest.raises(Cancelled):
        umap_map(some, process=umap, on_progress=lambda *_: (_ for _ in ()).throw(Cancelled("stopped")))
    assert time.monotonic() - start < 2
    assert not umap.alive
    with pytest.raises(SightlineError, match="ended; ask again to start another"):
        umap_map(some, process=umap)
