"""Train the networks of the planted-truth bench, about five minutes on one core: python -m training.planted

Writes weights (half precision) and planted.json beside xai_core/evaluation/planted/network.py. Accuracy comes first:
a map of a network that cannot tell its classes apart says nothing about the method that made it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import nn

from training.checksums import write_sums
from training.planted.fit import fit
from xai_core.errors import ModelError
from xai_core.evaluation.planted.network import (
    CLASSES,
    FOLDER,
    TRUE_MARK,
    WORLDS,
    World,
    inputs_of,
    planted_network,
    scenes,
)

HELD_OUT, LEAST_ACCURACY = 600, 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worlds", nargs="+", default=WORLDS, choices=WORLDS)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    torch.set_num_threads(1)  # sums in a fixed order, so that the same seed gives the same weights
    options.out.mkdir(parents=True, exist_ok=True)
    record = options.out / "planted.json"
    known = json.loads(record.read_text("utf-8")) if record.is_file() else {}
    for world in options.worlds:
        start = time.monotonic()
        weights = save({name: _in_half(v) for name, v in fit(world, options.seed).state_dict().items()})
        found = measured(world, weights) | {
            "sha256": hashlib.sha256(weights).hexdigest(),
            "training": f"python -m training.planted --seed {options.seed}; torch {torch.__version__}",
        }
        print(f"{world}: {found['accuracy']}, {time.monotonic() - start:.0f} s", flush=True)
        if found["accuracy"]["as trained"] < LEAST_ACCURACY:
            raise ModelError(f"The network of {world} is right in {found['accuracy']} of held-out pictures: too few.")
        (options.out / f"{world}.safetensors").write_bytes(weights)
        write_sums(options.out)
        known[world] = found
        record.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


def measured(world: World, weights: bytes) -> dict[str, object]:
    """Accuracy on scenes of other photographs or slices; for the cheat also without its mark, and with a wrong one."""
    network = planted_network(len(CLASSES[world]))
    network.load_state_dict(load(weights))
    accuracy = {"as trained": _accuracy(network.eval(), world, TRUE_MARK)}
    if world == "marked":
        accuracy |= {
            "without the mark": _accuracy(network, world, None),
            "mark of class 0": _accuracy(network, world, 0),
        }
    return {"accuracy": accuracy, "of": HELD_OUT}


@torch.no_grad()
def _accuracy(network: nn.Module, world: World, mark: int | None) -> float:
    made = scenes(world, "test", HELD_OUT, seed=77, mark=mark)
    named = network(inputs_of(world, [s.pixels for s in made])).argmax(dim=1)
    return round(float((named == torch.tensor([s.label for s in made])).float().mean()), 4)


def _in_half(values: torch.Tensor) -> torch.Tensor:
    return values.half() if values.is_floating_point() else values


if __name__ == "__main__":
    main()
