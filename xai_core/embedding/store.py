"""A table's folder: immutable shards, a manifest that says what they are, and one view of them for reading.

<folder>/<key>/manifest.json      what every row was made of
               shards/*.parquet   the rows; a name is the hash of what is asked and the checksum of what is in it
               view-*/            the rows of one listing in order; it can be made again from the shards
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from xai_core.durable import Damaged, replace_file
from xai_core.embedding.shard import read_shard, shards_folder
from xai_core.embedding.spec import Item, digest_of

BUSY = "This table is being computed already, here or in another process; wait for it to end."


def table_folder(store: Path, facts: Mapping[str, object]) -> Path:
    """Another network, layer, preprocessing or version of this code leads to another folder."""
    return store / digest_of(dict(facts))[:24]


def prepare_folder(folder: Path, facts: Mapping[str, object]) -> None:
    """Make the folder and write the manifest."""
    shards_folder(folder).mkdir(parents=True, exist_ok=True)
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
    return sorted(shards_folder(folder).glob("*.parquet"))


def missing(items: Iterable[Item], have: set[str]) -> Iterator[Item]:
    return (item for item in items if item.key not in have)


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
