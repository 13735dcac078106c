"""Two models on the same pictures, against scikit-learn, the binomial sum by hand, and cases made by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, confusion_matrix

from xai_core.evaluation.disagreement import Answers, Versus, tally, unmatched, versus

NAMES = ("cat", "dog", "owl", "fox")


def answers(names: Sequence[str], predictions: Sequence[int], probabilities: Sequence[float] | None = None) -> Answers:
    sure = np.full(len(predictions), 0.5) if probabilities is None else np.array(probabilities)
    return Answers(names, np.array(predictions), sure)


def told(names: Sequence[str], of_a: Answers, of_b: Answers, labels: Sequence[str | None]) -> Versus:
    return versus(of_a, of_b, np.array([-1 if one is None else names.index(one) for one in labels], int), names)


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_scikit_learns(seed: int):
    random = np.random.default_rng(seed)
    truth = random.integers(0, 4, 300)
    a, b = (np.where(random.random(300) < share, truth, random.integers(0, 4, 300)) for share in (0.7, 0.5))
    backwards = NAMES[::-1]
    found = versus(answers(NAMES, a), answers(backwards, 3 - b), truth, NAMES)
    assert not found.lists.same
    assert found.agree.mean() == accuracy_score(a, b)
    assert (found.right_a == 1).mean() == accuracy_score(truth, a)
    assert (found.right_b == 1).mean() == accuracy_score(truth, b)
    assert found.kappa == pytest.approx(cohen_kappa_score(a, b), abs=1e-12)
    got = tally(found)
    neither, only_b, only_a, both = confusion_matrix(a == truth, b == truth).ravel().tolist()
    assert got is not None
    assert (got.both, got.only_a, got.only_b, got.neither, got.of) == (both, only_a, only_b, neither, 300)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (3, 3), (8, 1), (1, 8), (12, 5), (60, 31)])
def test_mcnemars_test_is_the_binomial_sum(only_a: int, only_b: int):
    n, few = only_a + only_b, min(only_a, only_b)
    by_hand = min(1.0, 2 * sum(math.comb(n, k) for k in range(few + 1)) / 2**n) if n else 1.0
    truth = [0] * (n + 4)
    a = [0] * only_a + [1] * only_b + [0, 0, 1, 1]
    b = [1] * only_a + [0] * only_b + [0, 0, 1, 2]
    found = tally(versus(answers(NAMES, a), answers(NAMES, b), np.array(truth), NAMES))
    assert found is not None
    assert (found.both, found.only_a, found.only_b, found.neither) == (2, only_a, only_b, 2)
    assert found.p == pytest.approx(by_hand, rel=1e-9)


def test_what_differs_comes_first_and_the_surest_of_it_on_top():
    a = answers(NAMES, [0, 0, 1, 2, 3], [0.9, 0.6, 0.8, 0.99, 0.3])
    b = answers(NAMES, [0, 1, 2, 2, 0], [0.7, 0.9, 0.7, 0.98, 0.9])
    found = told(NAMES, a, b, [None] * 5)
    assert found.agree.tolist() == [True, False, False, True, False]
    assert found.order.tolist() == [2, 1, 4, 0, 3]  # sure of both: 0.7, 0.6, 0.3; then equal ones from 0.7 to 0.98
    assert tally(found) is None
    assert (found.right_a == -1).all()


def test_names_are_compared_without_case_hyphens_and_synonyms():
    a = answers(("tench, Tinca tinca", "No tumor", "Red-fox"), [0, 1, 2])
    b = answers(("red fox", "no_tumor", "Tench"), [2, 1, 1])
    found = told(("NO TUMOR",), a, b, [None, "NO TUMOR", "NO TUMOR"])
    assert found.agree.tolist() == [True, True, False]
    assert (found.lists.shared, found.lists.only_a, found.lists.only_b) == (3, 0, 0)
    assert found.right_a.tolist() == [-1, 1, 0]
    assert found.right_b.tolist() == [-1, 1, 1]


def test_classes_that_share_their_first_name_stay_apart():
    a = answers(("pneumonia, left", "pneumonia, right"), [0, 1])
    found = told((), a, answers(("pneumonia, right", "pneumonia, left"), [1, 1]), [None, None])
    assert found.agree.tolist() == [True, False]
    twice = ("crane", "crane", "owl")  # one list with a name twice: the place in the list tells them apart
    found = told((), answers(twice, [0, 1, 2]), answers(twice, [0, 0, 2]), [None] * 3)
    assert found.lists.same
    assert found.agree.tolist() == [True, False, True]


def test_a_class_that_one_model_lacks_is_judged_for_the_other_alone():
    a, b = answers(NAMES, [0, 1, 3]), answers(("cat", "dog"), [0, 0, 1])
    found = told(NAMES, a, b, ["cat", "dog", "fox"])
    assert (found.lists.shared, found.lists.only_a, found.lists.only_b) == (2, 2, 0)
    assert found.right_a.tolist() == [1, 1, 1]
    assert found.right_b.tolist() == [1, 0, -1]
    got = tally(found)
    assert got is not None
    assert (got.both, got.only_a, got.only_b, got.neither) == (1, 1, 0, 0)


def test_lists_without_a_common_class_never_agree():
    found = told((), answers(("1", "2"), [0, 1]), answers(("one", "two"), [0, 1]), [None, None])
    assert found.lists.shared == 0
    assert not found.agree.any()
    assert found.kappa == 0


def test_kappa_is_undefined_where_there_is_but_one_answer():
    assert math.isnan(told((), answers(NAMES, [1, 1]), answers(NAMES, [1, 1]), [None, None]).kappa)


def test_labels_find_their_class_by_the_whole_name_or_its_first_part():
    a = ("tench, Tinca tinca", "pneumonia, left", "pneumonia, right", "owl")
    b = ("tench", "pneumonia, left", "pneumonia, right", "fox")
    labels = ("Tench", "tench, Tinca tinca", "tench", "pneumonia, right", "pneumonia", "owl")
    assert unmatched(a, b, labels) == (4, 5)
    given = answers(a, [0, 0, 0, 2, 2, 3])
    assert told(labels, given, answers(b, [0] * 6), labels).right_a.tolist() == [1, 1, 1, 1, -1, 1]
