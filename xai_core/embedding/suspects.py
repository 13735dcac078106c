"""Pictures worth a look: labels that seem wrong, strangers, what lies between classes, and near copies."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import log_softmax

from xai_core.embedding.distances import blocks, check_finite, exact_distances
from xai_core.embedding.graph import Graph
from xai_core.embedding.neighbours import Index, neighbours
from xai_core.errors import NotApplicable, SettingError
from xai_core.types import FeatureTable, ProgressCallback

VOTERS = 15
NEAR = 10
USUAL = 5000  # pictures that show how far apart neighbours usually are
SHARE = 0.15  # of the usual distance to the nearest picture
_FAR = 15  # a rank that copies rarely reach, and small classes do
_LEAST_DIMENSION = 2.0  # fewer means that copies reached the middle rank
_MOST_TO_LEARN_FROM = 20_000
_STEPS = 100
_DECAY = 1e-3


@dataclass(frozen=True, eq=False)
class ConfusedPair:
    """first, second: indices of the classes. share: of the pictures of either, what goes to the other, in [0, 1].

    between: int64 rows of pictures of either class that could be both, the least decided first.
    """

    first: int
    second: int
    share: float
    between: np.ndarray


def label_doubt(table: FeatureTable, held: np.ndarray) -> np.ndarray:
    """1 - p[label] of a classifier that has not learned from the picture, float32 (n,); NaN without a label.

    held: as `held_out` gives it, float32 (n, n_classes).
    """
    own = held[np.arange(len(table)), np.maximum(table.labels, 0)]
    return np.where(table.labels >= 0, 1 - own, np.nan).astype(np.float32)


def neighbour_disagreement(table: FeatureTable, graph: Graph, k: int = VOTERS) -> np.ndarray:
    """Share of the k nearest pictures with another label, float32 (n,); NaN without a label or a neighbour with one."""
    votes = table.labels[graph.rows[:, :k]]
    known = (votes >= 0).sum(1)
    other = ((votes >= 0) & (votes != table.labels[:, None])).sum(1)
    judged = (table.labels >= 0) & (known > 0)
    return np.where(judged, other / np.maximum(known, 1), np.nan).astype(np.float32)


def outlier_scores(table: FeatureTable, graph: Graph, k: int = NEAR, *, rows: np.ndarray | None = None) -> np.ndarray:
    """Mean cosine distance to the k nearest pictures by angle among the graph's, float32 (n,), or of some rows.

    Angles find strangers better than L2, whose distances grow with the strength of the activations.
    """
    requested = np.arange(len(table)) if rows is None else rows
    scores = np.empty(len(requested), np.float32)
    for part in blocks(len(requested), 4 * graph.k * table.vectors.shape[1]):
        some = requested[part]
        others = table.vectors[graph.rows[some]]
        distances = exact_distances(others, table.vectors[some][:, None], "cosine")
        scores[part] = np.sort(distances, axis=1)[:, :k].mean(1)
    return scores


def usual_distances(table: FeatureTable, graph: Graph, *, most: int = USUAL) -> np.ndarray:
    """The outlier scores of at most `most` pictures, evenly from the table, ascending: what `strangeness` compares."""
    rows = np.linspace(0, len(table) - 1, min(most, len(table))).astype(int)
    return np.sort(outlier_scores(table, graph, rows=rows))


def strangeness(usual: np.ndarray, index: Index, vectors: np.ndarray, k: int = NEAR) -> np.ndarray:
    """For new vectors (m, d) the share of the table's pictures that lie closer to their neighbours, float64 (m,).

    usual: as `usual_distances` gives it. index: by cosine, as a stranger may activate little and so be near to all by
    L2. Above .99 a picture is farther from everything than nearly all pictures of the table are.
    """
    if index.metric != "cosine":
        raise SettingError("Strangers are told by angle; give an index by cosine.")
    found = neighbours(index, np.atleast_2d(vectors), min(k, len(index.base.vectors))).distances.mean(1)
    share: np.ndarray = np.searchsorted(usual, found) / len(usual)
    return share


def boundary_margins(table: FeatureTable) -> np.ndarray:
    """By how much the predicted class leads the next in probability, float32 (n,): the smallest lie at the boundary."""
    margins: np.ndarray = table.probabilities - table.runner_up_probabilities
    return margins


def confused_pairs(table: FeatureTable, held: np.ndarray, most: int = 20, images: int = 12) -> tuple[ConfusedPair, ...]:
    """The classes that are hardest to tell apart, the hardest first. NotApplicable: without two classes."""
    labels, p = table.labels, held
    classes = p.shape[1]
    if classes < 2:
        raise NotApplicable("Classes can be confused where there are two or more; this data set has fewer.")
    sums = np.zeros((classes, classes))
    judged = (labels >= 0) & np.isfinite(p[:, 0])
    np.add.at(sums, labels[judged], p[judged])
    sizes = np.bincount(labels[judged], minlength=classes)
    shares = (sums + sums.T) / np.maximum(sizes[:, None] + sizes[None], 1)
    pairs = sorted(((shares[a, b], a, b) for a in range(classes) for b in range(a + 1, classes)), reverse=True)[:most]
    return tuple(ConfusedPair(a, b, float(share), _between(labels, p, judged, a, b, images)) for share, a, b in pairs)


def _between(labels: np.ndarray, p: np.ndarray, judged: np.ndarray, a: int, b: int, most: int) -> np.ndarray:
    """Pictures of either class for which the two are the likeliest answers, those most evenly split first."""
    rows = np.flatnonzero(judged & ((labels == a) | (labels == b)))
    return rows[np.argsort(-np.minimum(p[rows, a], p[rows, b]), kind="stable")[:most]]


@dataclass(frozen=True)
class Duplicates:
    """rows: pictures that belong together. distance: the largest on the way from one to the next.

    identical: their pixels are the same. across: they carry different labels, of which at most one is right.
    """

    rows: tuple[int, ...]
    distance: float
    identical: bool
    across: bool


def near_duplicates(table: FeatureTable, graph: Graph, share: float = SHARE) -> tuple[Duplicates, ...]:
    """Groups of pictures that the network can hardly tell apart, those across classes first, then the closest.

    Near is below `share` of the usual distance to the nearest picture, among the graph's neighbours; pictures with the
    same pixels always belong together.
    """
    n = len(table)
    digests = np.unique(np.array(tuple(table.image_digests)), return_inverse=True)[1]
    near = graph.distances <= share * usual_nearest(graph)
    same = np.argsort(digests, kind="stable")
    same = same[np.flatnonzero(np.diff(digests[same]) == 0) + np.arange(2)[:, None]]  # each with the next of its pixels
    starts = np.concatenate([np.repeat(np.arange(n), near.sum(1)), same[0]])
    ends = np.concatenate([graph.rows[near], same[1]])
    lengths = np.concatenate([graph.distances[near], np.zeros(same.shape[1], np.float32)])
    _, group = connected_components(coo_array((np.ones(len(ends)), (starts, ends)), (n, n)), directed=False)
    longest = np.zeros(n, np.float32)
    np.maximum.at(longest, group[starts], lengths)
    members = np.flatnonzero(np.bincount(group, minlength=n)[group] > 1)
    order = members[np.argsort(group[members], kind="stable")]
    found = []
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []:
        labels = set(table.labels[rows].tolist()) - {-1}
        identical = len(set(digests[rows].tolist())) == 1
        found.append(Duplicates(tuple(rows.tolist()), float(longest[group[rows[0]]]), identical, len(labels) > 1))
    return tuple(sorted(found, key=lambda one: (not one.across, one.distance)))


def usual_nearest(graph: Graph) -> float:
    """How far the nearest other picture usually is, as the far neighbours let expect it.

    The nearest ones themselves cannot say it: where many pictures have a copy, these are the copies. The number of
    pictures within a distance grows with a power of it, the intrinsic dimension (Levina & Bickel 2004), which the
    medians at two ranks tell; so does the distance within which there is one picture in half of the cases.
    """
    rank = min(_FAR, graph.k)
    if not rank:
        return 0.0
    middle = max(1, rank // 3)
    far, nearer = (float(np.median(graph.distances[:, at - 1])) for at in (rank, middle))
    if rank == middle or far <= 0:
        return far
    growth = np.log(far / nearer) if nearer > 0 else np.inf
    dimension = max(_LEAST_DIMENSION, np.log(rank / middle) / growth) if growth > 0 else np.inf
    return float(far * (np.log(2) / rank) ** (1 / dimension))


def held_out(
    table: FeatureTable, *, folds: int = 5, seed: int = 0, on_progress: ProgressCallback | None = None
) -> np.ndarray:
    """The probabilities of the data's own classes for every picture, by a classifier of the other folds: float32
    (n, n_classes), NaN where a class is too small to be learned without the picture.

    Multinomial logistic regression on the vectors, cross-validated: a label that it finds improbable is worth a look
    (Northcutt et al., "Confident learning", 2021).

    Pictures without a label are judged by the last fold's classifier. on_progress(steps, at most) may raise to stop.
    NotApplicable: fewer than two classes have two pictures, or vectors are not finite.
    """
    check_finite(table.vectors)
    labels = np.asarray(table.labels)
    fold = _folds(labels, folds, seed)
    sizes = np.bincount(labels[labels >= 0], minlength=len(table.class_names))
    if (sizes >= 2).sum() < 2:
        raise NotApplicable("Labels can be doubted where at least two classes have two pictures or more; here not.")
    p = np.empty((len(table), len(table.class_names)), np.float32)
    for number in range(folds):
        learn = np.flatnonzero((fold != number) & (labels >= 0))
        if len(learn) > _MOST_TO_LEARN_FROM:
            learn = np.sort(np.random.default_rng(seed).choice(learn, _MOST_TO_LEARN_FROM, replace=False))
        judged = np.flatnonzero((fold == number) | ((labels < 0) & (number == folds - 1)))

        def tell(step: int, number: int = number) -> None:
            if on_progress is not None:
                on_progress(number * _STEPS + min(step, _STEPS), folds * _STEPS)

        p[judged] = _judge(table.vectors, labels, learn, judged, p.shape[1], tell)
    p[(labels >= 0) & (sizes[labels] < 2)] = np.nan
    return p


def _folds(labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """int64 (n,): each class dealt out evenly; -1 without a label."""
    random, fold = np.random.default_rng(seed), np.full(len(labels), -1)
    for label in np.unique(labels[labels >= 0]):
        rows = random.permutation(np.flatnonzero(labels == label))
        fold[rows] = (np.arange(len(rows)) + label) % folds
    return fold


def _judge(
    vectors: np.ndarray,
    labels: np.ndarray,
    learn: np.ndarray,
    judged: np.ndarray,
    classes: int,
    tell: Callable[[int], None],
) -> np.ndarray:
    """Probabilities (judged, classes) by a classifier of the rows `learn`, on standardised vectors."""
    x = np.asarray(vectors[learn], np.float64)
    mean, scale = x.mean(0), x.std(0) + 1e-6
    weights, bias = _logistic((x - mean) / scale, labels[learn], classes, tell)
    probabilities = np.empty((len(judged), classes), np.float32)
    for start in range(0, len(judged), 10_000):
        part = slice(start, start + 10_000)
        scores = ((vectors[judged[part]] - mean) / scale) @ weights + bias
        probabilities[part] = np.exp(log_softmax(scores, axis=1))
    return probabilities


def _logistic(
    x: np.ndarray, labels: np.ndarray, classes: int, tell: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (d, classes) and bias (classes,) of the least cross-entropy with a little weight decay."""
    n, d = x.shape
    rows, steps = np.arange(n), 0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = flat[: d * classes].reshape(d, classes), flat[d * classes :]
        log_p = log_softmax(x @ weights + bias, axis=1)
        error = np.exp(log_p)
        error[rows, labels] -= 1
        gradient = np.concatenate([(x.T @ error / n + _DECAY * weights).ravel(), error.mean(0)])
        return -log_p[rows, labels].mean() + _DECAY / 2 * float((weights**2).sum()), gradient

    def step(_found: np.ndarray) -> None:
        nonlocal steps
        steps += 1
        tell(steps)

    start = np.zeros((d + 1) * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", callback=step, options={"maxiter": _STEPS}).x
    return found[: d * classes].reshape(d, classes), found[d * classes :]
