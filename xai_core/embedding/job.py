"""A table from the command line, on this machine or on a Ray cluster; the dashboard opens what it leaves.

python -m xai_core.embedding.job --model imagenet --data pictures/ --out tables/ [--engine ray]
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from xai_core.datasets import open_dataset
from xai_core.datasets.object_store import open_object_store
from xai_core.embedding.build import build_table
from xai_core.embedding.local import Engine, run_local
from xai_core.embedding.ray_engine import Actors, run_ray
from xai_core.errors import SightlineError
from xai_core.models.catalog import load_model

_SHOW_EVERY = 1.0  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """0: the table is complete. 1: stopped; finished shards are kept. 2: refused, with one sentence."""
    options = _parser().parse_args(arguments)
    if options.engine == "local":
        engine: Engine = partial(run_local, workers=options.workers)
    else:
        engine = partial(run_ray, actors=Actors(options.workers, options.cpus, options.gpus))
    try:
        model = load_model(options.model, device=options.device)
        table = build_table(
            model,
            open_object_store(options.data) if "://" in options.data else open_dataset(options.data),
            options.layer,
            _progress(),
            folder=options.out,
            engine=engine,
            images_a_shard=options.shard,
        )
    except SightlineError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped; what is finished is kept, and the same command goes on from there.", file=sys.stderr)
        return 1
    for name, reason in table.unread:
        print(f"not read: {name}: {reason}")
    n, d = table.vectors.shape
    print(f"{n} pictures, vectors of {d} numbers ({table.layer}): {table.folder}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m xai_core.embedding.job", description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="a key of xai_core.model_configs()")
    parser.add_argument(
        "--data", required=True, help="a folder, a zip, a CSV, a bundled name, or an address (s3://bucket/folder)"
    )
    parser.add_argument("--out", required=True, type=Path, help="the folder for tables; all machines must see it")
    parser.add_argument("--layer", help="a layer's dotted name; by default what the classifier reads")
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    parser.add_argument("--workers", type=int, help="threads, or actors with Ray; by default one a core")
    parser.add_argument("--cpus", type=float, help="cores for each actor")
    parser.add_argument("--gpus", type=float, default=0, help="GPUs for each actor")
    parser.add_argument("--shard", type=int, help="pictures in a shard: what a kill can cost each worker")
    parser.add_argument("--device", help="cpu, cuda, mps")
    return parser


def _progress() -> Callable[[int, int], None]:
    """Pictures, rate and time left, on one line that is written over once a second."""
    started: list[tuple[float, int]] = []
    shown = 0.0

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if not started:
            started.append((now, done))
        if now - shown < _SHOW_EVERY and done < total:
            return
        shown = now
        rate = (done - started[0][1]) / max(now - started[0][0], 1e-9)
        left = f", {rate:.1f} a second, {(total - done) / rate:.0f} s left" if rate > 0 else ""
        print(f"\r{done} of {total} pictures{left}   ", end="" if done < total else "\n", file=sys.stderr, flush=True)

    return show


if __name__ == "__main__":
    raise SystemExit(main())
