"""Planted truth: the pictures hold what they say, the networks are as good as their record, the cheat cheats."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from xai_core.evaluation.planted import lesions, scene, shapes
from xai_core.evaluation.planted.network import (
    CLASSES,
    FOLDER,
    SURE,
    TASKS,
    TRUE_MARK,
    WORLDS,
    World,
    cases,
    facts,
    inputs_of,
    planted_model,
    scenes,
)


def accuracy(world: World, mark: int | None = TRUE_MARK) -> float:
    made = scenes(world, "test", 120, seed=31_000, mark=mark)
    with torch.no_grad():
        named = planted_model(world).module(inputs_of(world, [s.pixels for s in made])).argmax(dim=1)
    return float((named == torch.tensor([s.label for s in made])).float().mean())


def test_a_seed_gives_the_same_scene_and_another_one_another():
    for world in WORLDS:
        (first,), (again,), (other,) = (scenes(world, "test", 1, seed=seed) for seed in (5, 5, 6))
        np.testing.assert_array_equal(first.pixels, again.pixels)
        np.testing.assert_array_equal(first.truth, again.truth)
        assert not np.array_equal(first.pixels, other.pixels)


def test_no_photograph_is_in_both_parts():
    parts = [{p.tobytes() for p in scene.photographs(part)} for part in ("train", "test")]
    assert not parts[0] & parts[1]
    assert min(map(len, parts)) >= 6


@pytest.mark.parametrize("label", range(len(shapes.CLASSES)))
def test_a_shape_is_where_its_truth_says(label: int):
    made = [shapes.scene(label, "test", seed) for seed in range(20)]
    shares = [s.truth.mean() for s in made]
    assert min(shares) > 0.01
    assert max(shares) < 0.2
    if shapes.CLASSES[label] in shapes.MARKED_CLASSES:  # of one colour, but for the grain
        spread = np.median([s.pixels[s.truth].astype(float).mean(axis=1).std() for s in made])
        assert spread < 12


def test_a_mark_changes_nothing_but_its_own_pixels():
    plain, marked = shapes.scene(2, "test", 9), shapes.marked(2, "test", 9, mark=2)
    changed = (plain.pixels != marked.pixels).any(axis=2)
    assert not (changed & ~marked.shortcut).any()
    assert marked.shortcut.sum() == 45  # two bars of 3 x 9
    assert shapes.marked(2, "test", 9, mark=None).shortcut.sum() == 0


def test_vessels_are_as_bright_as_lesions_and_healthy_slices_have_no_truth():
    bright = [lesions.scene(label, "test", seed) for label in (0, 1) for seed in range(8)]
    outside = [np.percentile(s.pixels[~s.truth], 99.8) for s in bright]
    inside = [np.percentile(s.pixels[s.truth], 95) for s in bright]
    assert np.mean(outside) > 0.9 * np.mean(inside)
    assert not lesions.scene(2, "test", 0).truth.any()


def test_the_weights_are_those_of_the_record_and_as_good_as_it_says():
    for world in WORLDS:
        stored = (FOLDER / f"{world}.safetensors").read_bytes()
        assert hashlib.sha256(stored).hexdigest() == facts()[world]["sha256"]
        assert accuracy(world) == pytest.approx(facts()[world]["accuracy"]["as trained"], abs=0.08)
        assert facts()[world]["accuracy"]["as trained"] >= 0.9


def test_the_cheat_knows_nothing_but_the_mark():
    chance = 1 / len(CLASSES["marked"])
    assert accuracy("marked") > 0.95
    assert accuracy("marked", mark=None) < chance + 0.2
    assert accuracy("marked", mark=1) < chance + 0.1, "every picture is called by the wrong mark's name"


def test_cases_are_answered_rightly_and_mosaics_ask_for_one_quarter():
    for task, world in TASKS.items():
        requested = cases(task, 6, seed=3)
        assert len(requested) == 6
        assert all(case.region.any() for case in requested)
        if task == "mosaics":
            assert all(case.region.mean() == 0.25 for case in requested)
            continue
        with torch.no_grad():
            named = planted_model(world).module(inputs_of(world, [c.pixels for c in requested])).argmax(dim=1)
        assert named.tolist() == [case.label for case in requested]
    assert 0.5 < SURE < 1
