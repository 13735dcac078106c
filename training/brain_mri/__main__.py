"""Train the bundled brain MRI network, and measure it.

python -m training.brain_mri --data ../shared/data --work ../work                        train and measure
python -m training.brain_mri --data ... --work ... --leave-out Sartaj Colin27 --out DIR    without these sources
python -m training.brain_mri ... --start DIR/brain-mri.safetensors --evidence DIR           go on with all sources
python -m training.brain_mri --data ... --out DIR --measure                              measure the weights in DIR
python -m training.brain_mri --data ... --limit 20 --steps 2 --out trial                 every stage, in a minute

An hour on one core. A run that was stopped goes on from --work when it is started again. Writes weights and training
vectors (half precision), the checks of the input gate, and the records of both (JSON) beside
xai_core/models/sources/brain_mri.py, or into --out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from training.brain_mri.card import (
    Calibration,
    calibrated,
    facts,
    from_weights,
    held_out,
    left_out_figures,
    vectors_of,
    weights_of,
    write,
)
from training.brain_mri.checks import make_checks, write_checks
from training.brain_mri.collection import Slices, left_out, read
from training.brain_mri.fit import STEPS, fit
from training.brain_mri.sources import SOURCES
from training.brain_mri.split import slices
from xai_core.models.brain_mri_held_out import HELD_OUT
from xai_core.models.sources.brain_mri import WEIGHTS


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)  # sums in a fixed order, so that the same seed gives the same weights
    for folder in filter(None, (options.out, options.work)):
        folder.mkdir(parents=True, exist_ok=True)
    store = options.work / f"slices-{options.seed}.npz" if options.work else None
    data = left_out(read(options.data, options.seed, options.limit, store), options.leave_out)
    paths = slices(options.data / "brain-mri", options.limit)
    if not options.checks:
        _model(options, data, paths)
    network = from_weights((options.out / WEIGHTS.name).read_bytes())
    photos = sorted((options.data / "photos").glob("*.JPEG"))[: 2 * options.limit if options.limit else None]
    write_checks(options.out, make_checks(network, data, paths, photos, options.seed))


def _model(options: argparse.Namespace, data: Slices, paths: Sequence[Path]) -> None:
    """Weights, vectors and their record in the folder; the weights that lie there where they are only measured."""
    record = options.out / "brain-mri.json"
    first, *others = (_read(folder / record.name)["left_out"] for folder in options.evidence)
    left_out = {**first, "others": others} if others else first
    if options.measure:
        weights, before = (options.out / WEIGHTS.name).read_bytes(), _read(record)
        calibration, command = Calibration(**before["calibration"]), before["training"]
    else:
        weights, calibration = trained(options, data, left_out)
        command = f"python -m training.brain_mri {_settings(options)}; torch {torch.__version__}"
    vectors = vectors_of(from_weights(weights), data)
    write(options.out, weights, vectors)
    if options.leave_out:
        left_out = left_out_figures(weights, data, options.leave_out, calibration, command)
    found = facts(weights, vectors, data, paths, calibration, command, options.seed, left_out)
    (options.out / HELD_OUT.name).write_text(json.dumps(held_out(data)) + "\n", encoding="utf-8")
    record.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({name: found[name] for name in ("test", "by_source", "localisation", "changes")}, indent=2))


def _read(record: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    return read


def _settings(options: argparse.Namespace) -> str:
    given = {"limit": options.limit, "start": options.start}
    said = [f"--seed {options.seed} --steps {options.steps}", *(f"--{k} {v}" for k, v in given.items() if v)]
    return " ".join(said + (["--leave-out", *options.leave_out] if options.leave_out else []))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with brain-mri/, brain-mri-masks/, ...")
    parser.add_argument("--work", type=Path, help="a folder for the checkpoint and the slices as they were read")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--start", type=Path, help="weights to begin with in place of ImageNet's, where they fit")
    parser.add_argument("--leave-out", nargs="+", choices=SOURCES, default=[], help="sources that only measure")
    said = "runs with sources left out: all are quoted, the first one's limits are what may be shown"
    parser.add_argument("--evidence", type=Path, nargs="+", default=[WEIGHTS.parent], help=said)
    parser.add_argument("--out", type=Path, default=WEIGHTS.parent)
    parser.add_argument("--limit", type=int, help="slices of each class: a trial of every stage, not a measurement")
    parser.add_argument("--measure", action="store_true", help="keep the weights in --out and measure them again")
    parser.add_argument("--checks", action="store_true", help="only make the input gate's checks for the weights there")
    return parser


def trained(options: argparse.Namespace, data: Slices, left_out: Mapping[str, Any]) -> tuple[bytes, Calibration]:
    """The weights in half precision and the calibration that is in them."""
    name = "-".join(["without", *options.leave_out]) if options.leave_out else "all"
    checkpoint = options.work / f"{name}-{options.seed}-{options.steps}.checkpoint" if options.work else None
    seed = options.seed + (options.start is not None)  # what goes on from other weights draws other slices
    network = fit(data, seed=seed, steps=options.steps, start=options.start, checkpoint=checkpoint)
    calibration = calibrated(network, data, options.leave_out)
    if not options.leave_out:
        softened = left_out["calibration"]
        calibration = replace(calibration, divisor=softened["divisor"], shift=softened["shift"])
    return weights_of(network, calibration), calibration


if __name__ == "__main__":
    main()
