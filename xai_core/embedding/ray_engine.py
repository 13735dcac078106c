"""The shards of a table computed by Ray Data, on one machine or many: the same rows in the same files.

Ray's own checkpoints lose everything with the driver, so the shards alone carry the state: what is on the disk is done.
"""

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xai_core.embedding.embedding_layer import EmbeddingLayer
from xai_core.embedding.local import Advance
from xai_core.embedding.shard import Read, TableWork, row_maker, run_shard
from xai_core.embedding.store import Shard, is_written, write_shard
from xai_core.errors import SettingError
from xai_core.types import LoadedModel


class ShardJob:
    """An actor with the network in memory, which writes one shard a call. A class because Ray asks for one."""

    def __init__(self, model: LoadedModel, embedding_layer: EmbeddingLayer, read: Read, folder: Path) -> None:
        torch.set_num_threads(1)  # the process is ours alone; on one core the rows round as the local engine's do
        self.folder, self.maker = folder, row_maker(model, embedding_layer, read)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        shard: Shard = pickle.loads(batch["shard"][0])
        if not is_written(self.folder, shard.name):  # a driver that died may have left its workers time to finish
            write_shard(self.folder, shard.name, run_shard(self.maker, shard))
        return {"pictures": np.array([len(shard.items)])}


@dataclass(frozen=True)
class Actors:
    """most: at once, by default one a core. cpus, gpus: that each one takes; if the actors took all cores, none would
    be left for Ray's own reading and nothing would start."""

    most: int | None = None
    cpus: float | None = None
    gpus: float = 0


def run_ray(given: TableWork, advance: Advance, actors: Actors = Actors()) -> None:
    """Write every shard into the table's folder, which all machines must see under the same path.

    A cluster that is running is used where RAY_ADDRESS names it, else Ray is started on this machine.
    SettingError: Ray is missing, or the pictures cannot be read from another process (a zip: unpack it).
    """
    ray = _ray()
    _check_sendable(given.read)
    if not ray.is_initialized():
        local = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": max(2, os.cpu_count() or 1)}
        ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False, **local)
    try:
        _map(ray, given, advance, actors)
    finally:
        ray.shutdown()


def _map(ray: Any, given: TableWork, advance: Advance, actors: Actors) -> None:
    ray.data.DataContext.get_current().enable_progress_bars = False
    cores = ray.cluster_resources().get("CPU", 1)
    most = max(1, min(actors.most or int(cores), len(given.shards)))
    # One core is left for Ray's reading.
    each = actors.cpus if actors.cpus is not None else min(1.0, max(0.25, (cores - 1) / most))
    shards = [{"shard": pickle.dumps(shard)} for shard in given.shards]
    rows = ray.data.from_items(shards, override_num_blocks=len(shards))
    done = rows.map_batches(
        ShardJob,
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
        num_cpus=each,
        num_gpus=actors.gpus or None,
        fn_constructor_args=(given.model, given.embedding_layer, given.read, given.folder.absolute()),
    )
    for row in done.iter_rows():
        advance(int(row["pictures"]))


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise SettingError(
            "The Ray engine needs Ray, which is not installed; install ray[data], or use --engine local."
        ) from error
    return ray


def _check_sendable(read: Read) -> None:
    try:
        pickle.dumps(read)
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        raise SettingError(
            "These pictures cannot be read by other processes; unpack the zip into a folder, or use --engine local."
        ) from error
