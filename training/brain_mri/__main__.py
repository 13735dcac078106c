"""Train the bundled brain MRI network: python -m training.brain_mri --data ../shared/data/brain-mri

Half an hour on one core. Writes weights and training vectors (half precision) and their record (JSON)
beside xai_core/models/brain_mri.py. `--measure` keeps the weights that are there and measures them again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from training.brain_mri.card import facts, fitted_temperature, from_weights, vectors_of, weights_of, write
from training.brain_mri.collection import Collection, read
from training.brain_mri.fit import EPOCHS, fit
from xai_core.models.brain_mri import WEIGHTS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with glioma/, ..., and boxes.csv")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, default=WEIGHTS.parent)
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)  # sums in a fixed order, so that the same seed gives the same weights
    collection = read(options.data)
    record = options.out / "brain-mri.json"
    if options.measure:
        weights = (options.out / WEIGHTS.name).read_bytes()
        before = json.loads(record.read_text(encoding="utf-8"))
        divisor, command = before["temperature"]["value"], before["training"]
    else:
        weights, divisor = trained(collection, options.seed, options.epochs)
        settings = f"--seed {options.seed} --epochs {options.epochs}"
        command = f"python -m training.brain_mri {settings}; torch {torch.__version__}"
    vectors = vectors_of(from_weights(weights), collection)
    write(options.out, weights, vectors)
    found = facts(weights, vectors, collection, divisor, command, options.seed)
    record.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found["test"], indent=2))


def trained(collection: Collection, seed: int, epochs: int) -> tuple[bytes, float]:
    """The weights in half precision and the temperature that is in them."""
    network = fit(collection.slices.of(collection.part == "train"), seed=seed, epochs=epochs)
    divisor = fitted_temperature(network, collection)
    return weights_of(network, divisor), divisor


if __name__ == "__main__":
    main()
