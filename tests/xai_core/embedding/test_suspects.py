"""Planted errors are found, as well as the field's own tool finds them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import xai_core as xai
from tests.xai_core.embedding.tables import clusters, table_of
from xai_core.datasets import open_dataset
from xai_core.embedding.build import build_table
from xai_core.embedding.classes import class_centres, own_class_distances
from xai_core.embedding.graph import knn_graph
from xai_core.embedding.neighbours import open_index
from xai_core.embedding.suspects import (
    boundary_margins,
    confused_pairs,
    held_out,
    label_doubt,
    near_duplicates,
    neighbour_disagreement,
    outlier_scores,
    strangeness,
    usual_distances,
    usual_nearest,
)
from xai_core.errors import Cancelled, NotApplicable, SettingError
from xai_core.types import FeatureTable


@pytest.fixture(scope="module")
def digits() -> FeatureTable:
    return build_table(xai.load_model("digits", device="cpu"), open_dataset("digits"))


def flipped(table: FeatureTable, share: float, seed: int = 0) -> tuple[FeatureTable, np.ndarray]:
    """The table with a share of its labels replaced by other ones, and which."""
    random = np.random.default_rng(seed)
    wrong = random.random(len(table)) < share
    moved = (table.labels + random.integers(1, len(table.class_names), len(table))) % len(table.class_names)
    return replace(table, labels=np.where(wrong, moved, table.labels).astype(np.int32)), wrong


@pytest.mark.parametrize("seed", [0, 1])
def test_flipped_labels_are_found_as_well_as_cleanlab_finds_them(digits: FeatureTable, seed: int) -> None:
    cleanlab = pytest.importorskip("cleanlab.rank")
    table, wrong = flipped(digits, 0.1, seed)
    held = held_out(table)
    doubt, votes = label_doubt(table, held), neighbour_disagreement(table, knn_graph(table))
    precision = {name: average_precision_score(wrong, score) for name, score in (("doubt", doubt), ("votes", votes))}
    oracle = 1 - cleanlab.get_label_quality_scores(table.labels, held, method="self_confidence")
    np.testing.assert_allclose(doubt, oracle, atol=1e-5)
    margin = 1 - cleanlab.get_label_quality_scores(table.labels, held, method="normalized_margin")
    print("average precision:", precision, "cleanlab's normalised margin:", average_precision_score(wrong, margin))
    assert precision["doubt"] >= 0.85
    assert precision["votes"] >= 0.85


def test_held_out_probabilities_are_those_of_scikit_learns_regression() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    vectors, labels = clusters(600, 16, 4)
    table = table_of(vectors, labels)
    ours = held_out(table, folds=2)
    from xai_core.embedding.suspects import _folds

    fold = _folds(table.labels, 2, 0)
    scaler = StandardScaler().fit(vectors[fold == 1])
    learned = scaler.transform(vectors[fold == 1])
    peer = LogisticRegression(C=1 / (1e-3 * len(learned)), max_iter=2000).fit(learned, labels[fold == 1])
    theirs = peer.predict_proba(scaler.transform(vectors[fold == 0]))
    np.testing.assert_allclose(ours[fold == 0], theirs, atol=0.05)
    assert (ours[fold == 0].argmax(1) == theirs.argmax(1)).mean() > 0.98


def test_a_pictures_own_label_never_teaches_its_judge(digits: FeatureTable) -> None:
    row, labels = 100, digits.labels.copy()
    labels[row] = (labels[row] + 1) % 10
    before = held_out(digits)[row]
    after = held_out(replace(digits, labels=labels))[row]
    assert before.argmax() == after.argmax() == digits.labels[row]


def test_pictures_without_a_label_are_not_doubted_and_lone_ones_not_judged() -> None:
    vectors, labels = clusters(120, 8, 2)
    given = labels.astype(np.int32)
    given[:10], given[10] = -1, 2
    table = table_of(vectors, given, "abc")
    held = held_out(table)
    doubt, votes = label_doubt(table, held), neighbour_disagreement(table, knn_graph(table))
    assert np.isnan(doubt[:11]).all()
    assert not np.isnan(doubt[11:]).any()
    assert np.isnan(votes[:10]).all()
    assert votes[10] == 1.0
    with pytest.raises(NotApplicable, match="at least two classes"):
        held_out(table_of(vectors))


def test_disagreement_is_the_share_of_other_labels_by_hand() -> None:
    table = table_of(np.array([[0.0], [1], [2], [3], [10]]), [0, 0, 1, 1, 0])
    votes = neighbour_disagreement(table, knn_graph(table, 2), 2)
    assert votes.tolist() == [0.5, 0.5, 0.5, 0.5, 1.0]


def test_strangers_are_found_as_by_the_angles_to_all_pictures(digits: FeatureTable) -> None:
    from sklearn.neighbors import NearestNeighbors

    random = np.random.default_rng(0)
    strangers = random.permuted(np.asarray(digits.vectors[:60]), axis=1)  # the same numbers on the wrong channels
    table = table_of(np.concatenate([digits.vectors, strangers]), [*digits.labels, *([0] * 60)])
    planted = np.arange(len(table)) >= len(digits)
    scores = outlier_scores(table, knn_graph(table))
    peer = NearestNeighbors(metric="cosine").fit(table.vectors).kneighbors(n_neighbors=10)[0].mean(1)
    ours, theirs = roc_auc_score(planted, scores), roc_auc_score(planted, peer)
    assert ours >= max(0.97, theirs - 0.005)
    index, usual = open_index(digits, "cosine"), usual_distances(digits, knn_graph(digits))
    assert np.median(strangeness(usual, index, strangers)) > 0.99
    assert np.median(strangeness(usual, index, 0.3 * strangers)) > 0.99  # also one that activates little
    assert np.median(strangeness(usual, index, digits.vectors[:200] * 1.0001)) < 0.6
    with pytest.raises(SettingError, match="give an index by cosine"):
        strangeness(usual, open_index(digits), strangers)


def test_copies_are_grouped_and_those_across_classes_come_first() -> None:
    vectors, labels = clusters(400, 32, 4)
    copies = np.concatenate([vectors, vectors[[3, 3, 50]] + 1e-3, vectors[[70]]])
    table = table_of(copies, [*labels, labels[3], labels[3], (labels[50] + 1) % 4, labels[70]])
    digests = (*table.image_digests[:403], table.image_digests[70])
    found = near_duplicates(replace(table, image_digests=digests), knn_graph(table))
    assert [(one.rows, one.across, one.identical) for one in found] == [
        ((50, 402), True, False),
        ((70, 403), False, True),
        ((3, 400, 401), False, False),
    ]
    assert near_duplicates(table_of(vectors, labels), knn_graph(table_of(vectors, labels))) == ()


def with_copies(vectors: np.ndarray, share: float, copies: int) -> tuple[FeatureTable, int]:
    """The vectors, and behind them near copies of a share of them, a twentieth of the usual nearest distance away; and
    how many have copies."""
    random = np.random.default_rng(3)
    usual = np.median(knn_graph(table_of(vectors)).distances[:, 0])
    chosen = random.choice(len(vectors), round(share * len(vectors)), replace=False)
    moved = random.normal(size=(copies * len(chosen), vectors.shape[1]))
    moved *= usual / 20 / np.linalg.norm(moved, axis=1, keepdims=True)
    return table_of(np.concatenate([vectors, np.repeat(vectors[chosen], copies, axis=0) + moved])), len(chosen)


@pytest.mark.parametrize("share", [0, 0.1, 0.4, 0.8, 1.0])
@pytest.mark.parametrize("kind", ["made up", "digits", "three copies each"])
def test_copies_are_found_however_many_there_are(digits: FeatureTable, kind: str, share: float) -> None:
    vectors = np.asarray(digits.vectors)[:300] if kind == "digits" else clusters(300, 48, 6)[0]
    copies = 3 if kind == "three copies each" else 1
    table, chosen = with_copies(vectors, share, copies)
    graph = knn_graph(table)
    found = near_duplicates(table, graph)
    assert sorted(len(one.rows) for one in found) == [1 + copies] * chosen
    plain = knn_graph(table_of(vectors))
    assert 0.3 < usual_nearest(graph) / np.median(plain.distances[:, 0]) < 1.2


def test_pictures_with_the_same_pixels_belong_together_wherever_the_network_puts_them() -> None:
    table = table_of(clusters(80, 8, 2)[0])
    digests = ["a" if row in (3, 70) else str(row) for row in range(80)]
    (found,) = near_duplicates(replace(table, image_digests=tuple(digests)), knn_graph(table, 5))
    assert (found.rows, found.identical) == ((3, 70), True)


def test_few_pictures_and_equal_ones_have_a_usual_distance() -> None:
    for vectors, wanted in [(np.zeros((30, 4)), 0.0), (np.eye(2), np.sqrt(2)), (np.eye(9), None)]:
        found = usual_nearest(knn_graph(table_of(vectors)))
        assert np.isfinite(found)
        assert wanted is None or found == pytest.approx(wanted)
    (whole,) = near_duplicates(table_of(np.zeros((30, 4))), knn_graph(table_of(np.zeros((30, 4)))))
    assert len(whole.rows) == 30


def test_classes_that_overlap_are_the_most_confused_pair() -> None:
    random = np.random.default_rng(0)
    centres = np.array([[0, 0], [1.5, 0], [20, 0], [0, 20]])
    labels = np.repeat(np.arange(4), 100)
    table = table_of(centres[labels] + random.normal(size=(400, 2)), labels, "abcd")
    pairs = confused_pairs(table, held_out(table))
    assert (pairs[0].first, pairs[0].second) == (0, 1)
    assert pairs[0].share > 5 * pairs[1].share
    middle = np.abs(table.vectors[pairs[0].between][:, 0] - 0.75)
    assert middle.max() < 0.6
    assert set(labels[pairs[0].between]) <= {0, 1}


def test_the_smallest_margin_lies_at_the_boundary(digits: FeatureTable) -> None:
    margins = boundary_margins(digits)
    assert (margins >= 0).all()
    least = margins.argmin()
    assert digits.probabilities[least] < 0.7


def test_class_centres_by_hand() -> None:
    table = table_of(np.array([[0.0, 0], [2, 0], [1, 0], [5, 5]]), [0, 0, 0, 1], "abc")
    centres = class_centres(table)
    np.testing.assert_array_equal(centres.vectors[:2], [[1, 0], [5, 5]])
    assert centres.rows.tolist() == [2, 3, -1]
    assert own_class_distances(table, centres.vectors, "l2").tolist() == [1, 1, 0, 0]


def test_the_judging_can_be_stopped_and_tells_how_far_it_is(digits: FeatureTable) -> None:
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == 3:
            raise Cancelled("stopped by the user")

    with pytest.raises(Cancelled):
        held_out(digits, on_progress=stop)
    assert seen == [(1, 500), (2, 500), (3, 500)]
