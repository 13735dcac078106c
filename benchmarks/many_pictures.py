"""A folder of 20 000 small pictures from nothing to an open table: time and peak memory, beside those of 2 000.

python -m benchmarks.many_pictures     each size in a process of its own
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

import xai_core as xai


def measure(count: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made) / "pictures"
        for label in range(10):
            (root / str(label)).mkdir(parents=True)
        random = np.random.default_rng(0)
        for index in range(count):
            Image.fromarray(random.integers(0, 255, (32, 32), np.uint8)).save(root / str(index % 10) / f"{index}.png")
        model = xai.load_model("digits", device="cpu")
        start = time.perf_counter()
        data = xai.open_dataset(root)
        listed = time.perf_counter() - start
        xai.build_table(model, data, folder=Path(made) / "tables")
        built = time.perf_counter() - start
        start = time.perf_counter()
        table = xai.build_table(model, data, folder=Path(made) / "tables")
        opened = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(table):7d} pictures: listed in {listed:.2f} s, built in {built:.1f} s, opened again in "
        f"{1000 * opened:.0f} ms, peak memory {peak:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, nargs="+", default=[2_000, 20_000])
    options = parser.parse_args()
    if len(options.images) == 1:
        measure(options.images[0])
        return
    for count in options.images:
        subprocess.run([sys.executable, "-m", "benchmarks.many_pictures", "--pictures", str(count)], check=True)


if __name__ == "__main__":
    main()
