"""A table's folder: immutable shards, a manifest that says what they are, and one view of them for reading.

The same question has the same name; another one never gets its answer.

<folder>/<key>/manifest.json      what every row was made of
               shards/*.parquet   the rows; a name is the hash of what is asked and the checksum of what is in it
               view-*/            the rows of one listing in order; it can be made again from the shards
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xai_core.datasets import Dataset
from xai_core.durable import Damaged, crc32, disk_trouble, replace_file
from xai_core.embedding.embedding_layer import EmbeddingLayer
from xai_core.models.structure import structure_digest
from xai_core.types import LoadedModel

VERSION = 4  # goes up whenever the same picture would get another row
BATCH = 16  # always full: a convolution rounds differently in batches of another size
THUMBNAIL_SIDE = 64
BUSY = "This table is being computed already, here or in another process; wait for it to end."


@dataclass(frozen=True)
class Item:
    """A picture to be computed. key: hex over its path, state and class; another key is another row."""

    id: str
    class_name: str | None
    key: str


@dataclass(frozen=True)
class Shard:
    """A few pictures that are computed together. name: the hash of what is asked; a file of this name is the answer."""

    name: str
    items: tuple[Item, ...]


def table_facts(model: LoadedModel, dataset: Dataset, embedding_layer: EmbeddingLayer) -> dict[str, object]:
    """Everything that decides a row but the picture itself, fit for JSON."""
    config = model.config
    return {
        "version": VERSION,
        "model": config.title,
        "weights": model.digest,
        "network": structure_digest(model.module),  # strides are not among the weights
        "classes": digest_of(config.class_names),
        "input": [
            list(config.input_size),
            list(config.mean),
            list(config.std),
            asdict(config.resize),
            config.channel_order,
        ],
        "layer": embedding_layer.title,
        "batch": BATCH,
        "thumbnail": THUMBNAIL_SIDE,
        "dataset": dataset.name,
    } | ({} if config.answer.kind == "one" else {"labels": config.answer.kind})


def digest_of(facts: object) -> str:
    """SHA-256 hex of anything that JSON can write."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def items_of(dataset: Dataset) -> Iterator[Item]:
    """Every picture in order, under a key that changes with its path, its state or its class."""
    for index, item in enumerate(dataset.items):
        state = (dataset.digest,) if dataset.state is None else dataset.state(item.id)
        name = dataset.class_name(index)
        facts = repr((item.id, state, name)).encode("ascii", "backslashreplace")
        yield Item(item.id, name, hashlib.sha256(facts).hexdigest()[:32])


def shards_of(facts: Mapping[str, object], items: Sequence[Item], size: int) -> list[Shard]:
    """The items in shards of at most `size`, in order."""
    groups = [tuple(items[start : start + size]) for start in range(0, len(items), size)]
    return [Shard(digest_of([dict(facts), [item.key for item in group]]), group) for group in groups]


def shard_size(n: int) -> int:
    """Small ones lose little at a kill, large ones open sooner: 200 of them, but of 64 to 2048 pictures."""
    return min(2048, max(64, -(-n // 200 // BATCH) * BATCH))


def table_folder(store: Path, facts: Mapping[str, object]) -> Path:
    """Another network, layer, preprocessing or version of this code leads to another folder."""
    return store / digest_of(dict(facts))[:24]


def prepare_folder(folder: Path, facts: Mapping[str, object]) -> None:
    """Make the folder and write the manifest."""
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    replace_file(folder / "manifest.json", json.dumps(dict(facts), indent=2).encode())


def finished_keys(folder: Path) -> set[str]:
    """The keys of all rows in shards that can be read; damaged shards are removed, so that they are done again."""
    keys: set[str] = set()
    for path in finished_shards(folder):
        try:
            keys.update(read_shard(path, ["key"])["key"].to_pylist())
        except Damaged:
            path.unlink(missing_ok=True)
    return keys


def finished_shards(folder: Path) -> list[Path]:
    return sorted((folder / "shards").glob("*.parquet"))


def readable(paths: Sequence[Path], positions: Mapping[str, int]) -> tuple[np.ndarray, dict[int, str]]:
    """Which positions of the listing have a row, bool (len(positions),), and the reason of those that have none."""
    found = np.zeros(len(positions), bool)
    unread: dict[int, str] = {}
    for path in paths:
        rows = read_shard(path, ["key", "error"])
        for key, error in zip(rows["key"].to_pylist(), rows["error"].to_pylist(), strict=True):
            position = positions.get(key)
            if position is not None and error is None:
                found[position] = True
            elif position is not None:
                unread[position] = error
    return found, unread


def write_shard(folder: Path, name: str, rows: pa.Table) -> None:
    """All of it or nothing, on the disk when this returns. SightlineError: the disk refuses.

    The checksum of the content stands in the file's name, where it troubles no other reader of Parquet.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="none", use_dictionary=False)
    data = memoryview(sink.getvalue())
    with disk_trouble(folder):
        replace_file(folder / "shards" / f"{name}.{crc32(data):08x}.parquet", data)


def is_written(folder: Path, name: str) -> bool:
    return any((folder / "shards").glob(f"{name}.*.parquet"))


def read_shard(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows, or only some columns. Damaged; OSError: there is no such file."""
    data = path.read_bytes()
    if path.name.split(".")[1:] != [f"{crc32(data):08x}", "parquet"]:
        raise Damaged(f"{path.name} is damaged, or was written by another version.")
    return pq.read_table(pa.BufferReader(data), columns=None if columns is None else list(columns))
