"""The bench: measures by hand, known results, the committed table made again in part, and the verdict's own test."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from training.planted.scores import TRIVIAL, interval, row_of, trivial
from training.planted.verdicts import RANDOM, Judged, judged, ranking
from xai_core.attribution.catalog import METHODS, find_method, methods
from xai_core.evaluation.localisation import Found, edges_of, found
from xai_core.evaluation.planted.bench import as_csv, maps_of, stored
from xai_core.evaluation.planted.network import STAGES, TASKS, cases, planted_model

REGION = np.zeros((8, 8), bool)
REGION[:4, :4] = True


def test_measures_by_hand():
    values = np.zeros((8, 8), np.float32)
    values[:4, :2] = 1  # 8 of the region's 16 pixels
    values[0, 0], values[7, 7], values[0, 7] = 4, 1, -9
    values[5, :7] = 0.5  # with these, 16 places are above zero
    told = found(values, REGION, tolerance=0)
    assert told == Found(1.0, pytest.approx(11 / 15.5), 8 / 16, pytest.approx(1 / 16))
    assert found(-values * 0 - 1, REGION) == Found(0, 0, 0, 0)
    perfect = REGION.astype(np.float32)
    assert found(perfect, REGION) == Found(1, 1, 1, 1)
    assert found(1 - perfect, REGION, tolerance=0) == Found(0, 0, 0, 0)


def test_pointing_forgives_within_the_tolerance_and_shares_ties():
    near = np.zeros((8, 8), np.float32)
    near[0, 4] = 1
    assert found(near, REGION, tolerance=0).pointing == 0
    assert found(near, REGION, tolerance=1 / 8).pointing == 1
    tie = near.copy()
    tie[0, 0] = 1
    assert found(tie, REGION, tolerance=0).pointing == 0.5


def test_edges_and_intervals():
    step = np.zeros((6, 6, 3), np.uint8)
    step[:, 3:] = 200
    assert np.argwhere(edges_of(step) > 0)[:, 1].tolist() == [2, 3] * 6
    mean, low, high = interval(np.arange(100) / 100)
    assert (mean, low, high) == pytest.approx((0.495, 0.44, 0.55), abs=0.02)
    assert interval(np.ones(5)) == (1, 1, 1)


def test_grad_cam_beats_trivial_maps_in_the_mosaic():
    requested = cases("mosaics", 16, seed=8)
    row = row_of(
        "mosaics",
        requested,
        "grad_cam",
        "",
        STAGES[2],
        maps_of("mosaics", requested, find_method("grad_cam"), STAGES[2]),
    )
    blind = [row_of("mosaics", requested, key, "", "", trivial(key, requested)) for key in TRIVIAL]
    assert row.energy[1] > max(b.energy[2] for b in blind) + 0.1
    assert row.pointing[0] > 0.8


def test_the_committed_table_is_complete_and_comes_out_again():
    rows = {(r.task, r.method, r.stage): r for r in stored().rows}
    for task in TASKS:
        known_methods = methods(planted_model(TASKS[task]))
        for method in (m for m in METHODS if known_methods[m.key] is None):
            stages = STAGES[-1:] if method.key == "cam" else STAGES if method.reads_layers else ("",)
            assert all((task, method.key, stage) in rows for stage in stages)
        assert all((task, key, "") in rows for key in TRIVIAL)
    known = rows["shapes", "hires_cam", STAGES[1]]
    requested = cases("shapes", known.cases)
    again = row_of(
        "shapes",
        requested,
        "hires_cam",
        "",
        STAGES[1],
        maps_of("shapes", requested, find_method("hires_cam"), STAGES[1]),
    )
    assert again.energy == pytest.approx(known.energy, abs=2e-3)
    assert again.pointing == pytest.approx(known.pointing, abs=0.03)


def test_on_each_task_the_best_method_beats_every_blind_guess_beyond_chance():
    for task in TASKS:
        rows = [r for r in stored().rows if r.task == task]
        best = max((r for r in rows if not r.trivial), key=lambda r: r.energy[0])
        assert best.energy[1] > max(r.energy[2] for r in rows if r.trivial)


def test_the_csv_says_the_same_as_the_table():
    told = list(csv.DictReader(io.StringIO(as_csv(stored().rows))))
    assert len(told) == len(stored().rows)
    assert float(told[0]["energy"]) == pytest.approx(stored().rows[0].energy[0], abs=1e-4)
    assert float(told[0]["energy_low"]) <= float(told[0]["energy"]) <= float(told[0]["energy_high"])


def map_of(truth: bool | None, level: str) -> Judged:
    return Judged("shapes", "m", "", truth, Found(0, 0, 0, 0), level, {})


def test_ranking_by_hand():
    good, bad = [map_of(True, "good"), map_of(True, "unclear")], [map_of(False, "bad"), map_of(False, "unclear")]
    assert ranking([*good, *bad, map_of(None, "bad")]) == pytest.approx(3.5 / 4)


@pytest.mark.slow
def test_the_verdict_ranks_good_maps_above_bad_ones_and_a_random_map_never_gets_the_top_level():
    made = judged("shapes", cases("shapes", 4, seed=700))
    random = [m for m in made if m.method == RANDOM]
    assert len(random) == 4
    assert all(m.level != "good" for m in random)
    assert ranking(made) > 0.7
    told = stored().verdicts
    assert "good" not in told["random maps"]
    assert told["random maps"]["bad"] >= 40
    assert told["ranking quality of methods that ask about the class"] > 0.8
