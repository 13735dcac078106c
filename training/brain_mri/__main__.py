"""Train the bundled brain MRI network.

python -m training.brain_mri --data ../shared/data/brain-mri --photos ../shared/data/photos
python -m training.brain_mri --data ... --photos ... --limit 40 --epochs 1 --out trial     every stage, in a minute

Half an hour on one core. Writes weights and training vectors (half precision), the checks of the input gate, and the
records of both (JSON) beside xai_core/models/sources/brain_mri.py, or into --out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from training.brain_mri.card import facts, fitted_temperature, from_weights, vectors_of, weights_of, write
from training.brain_mri.checks import make_checks, write_checks
from training.brain_mri.collection import Collection, read
from training.brain_mri.fit import EPOCHS, fit
from xai_core.models.sources.brain_mri import WEIGHTS


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)  # sums in a fixed order, so that the same seed gives the same weights
    collection = read(options.data, options.limit)
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.checks:
        _model(options, collection)
    network = from_weights((options.out / WEIGHTS.name).read_bytes())
    photos = sorted(options.photos.glob("*.JPEG"))[: 2 * options.limit if options.limit else None]
    made = make_checks(network, collection, photos, options.seed)
    write_checks(options.out, made)
    print(json.dumps(made[1]["test"], indent=2))


def _model(options: argparse.Namespace, collection: Collection) -> None:
    """Weights, vectors and their record in the folder; the weights that lie there where they are only measured."""
    record = options.out / "brain-mri.json"
    if options.measure:
        weights = (options.out / WEIGHTS.name).read_bytes()
        before = json.loads(record.read_text(encoding="utf-8"))
        divisor, command = before["temperature"]["value"], before["training"]
    else:
        weights, divisor = trained(collection, options.seed, options.epochs)
        settings = f"--seed {options.seed} --epochs {options.epochs}"
        settings += f" --limit {options.limit}" if options.limit else ""
        command = f"python -m training.brain_mri {settings}; torch {torch.__version__}"
    vectors = vectors_of(from_weights(weights), collection)
    write(options.out, weights, vectors)
    found = facts(weights, vectors, collection, divisor, command, options.seed)
    record.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found["test"], indent=2))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with glioma/, ..., and boxes.csv")
    parser.add_argument("--photos", type=Path, required=True, help="a folder of JPEG photographs, which are no heads")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, default=WEIGHTS.parent)
    parser.add_argument("--limit", type=int, help="slices of each class: a trial of every stage, not a measurement")
    parser.add_argument("--measure", action="store_true", help="keep the weights in --out and measure them again")
    parser.add_argument("--checks", action="store_true", help="only make the input gate's checks for the weights there")
    return parser


def trained(collection: Collection, seed: int, epochs: int) -> tuple[bytes, float]:
    """The weights in half precision and the temperature that is in them."""
    network = fit(collection.slices.of(collection.part == "train"), seed=seed, epochs=epochs)
    divisor = fitted_temperature(network, collection)
    return weights_of(network, divisor), divisor


if __name__ == "__main__":
    main()
