"""Train the bundled brain MRI network, and measure it.

python -m training.brain_mri --data ../shared/data --work ../work                        train and measure
python -m training.brain_mri --data ... --work ... --leave-out Sartaj Colin27 --out DIR    without these sources
python -m training.brain_mri --data ... --out DIR --measure                              measure the weights in DIR
python -m training.brain_mri --data ... --limit 20 --steps 2 --out trial                 every stage, in a minute

An hour on one core. A run that was stopped goes on from --work when it is started again. Writes weights and training
vectors (half precision), the checks of the input gate, and the records of both (JSON) beside
xai_core/models/sources/brain_mri.py, or into --out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from training.brain_mri.card import facts, fitted_temperature, from_weights, vectors_of, weights_of, write
from training.brain_mri.checks import make_checks, write_checks
from training.brain_mri.collection import Slices, left_out, read
from training.brain_mri.fit import STEPS, fit
from training.brain_mri.sources import SOURCES
from training.brain_mri.split import slices
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
    if options.measure:
        weights = (options.out / WEIGHTS.name).read_bytes()
        before = json.loads(record.read_text(encoding="utf-8"))
        divisor, command = before["temperature"]["value"], before["training"]
    else:
        weights, divisor = trained(options, data)
        command = f"python -m training.brain_mri {_settings(options)}; torch {torch.__version__}"
    vectors = vectors_of(from_weights(weights), data)
    write(options.out, weights, vectors)
    found = facts(weights, vectors, data, paths, divisor, command, options.seed)
    record.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({name: found[name] for name in ("test", "by_source", "localisation", "changes")}, indent=2))


def _settings(options: argparse.Namespace) -> str:
    given = {"limit": options.limit, "start": options.start and options.start.name}
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
    parser.add_argument("--out", type=Path, default=WEIGHTS.parent)
    parser.add_argument("--limit", type=int, help="slices of each class: a trial of every stage, not a measurement")
    parser.add_argument("--measure", action="store_true", help="keep the weights in --out and measure them again")
    parser.add_argument("--checks", action="store_true", help="only make the input gate's checks for the weights there")
    return parser


def trained(options: argparse.Namespace, data: Slices) -> tuple[bytes, float]:
    """The weights in half precision and the temperature that is in them."""
    name = "-".join(["without", *options.leave_out]) if options.leave_out else "all"
    checkpoint = options.work / f"{name}-{options.seed}-{options.steps}.checkpoint" if options.work else None
    network = fit(data, seed=options.seed, steps=options.steps, start=options.start, checkpoint=checkpoint)
    divisor = fitted_temperature(network, data)
    return weights_of(network, divisor), divisor


if __name__ == "__main__":
    main()
