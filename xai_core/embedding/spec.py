"""What a table is made of, in digests: the same question has the same name, another one never gets its answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from xai_core.datasets import Dataset
from xai_core.embedding.embedding_layer import EmbeddingLayer
from xai_core.models.structure import structure_digest
from xai_core.types import LoadedModel

VERSION = 4  # goes up whenever the same picture would get another row
BATCH = 16  # always full: a convolution rounds differently in batches of another size
THUMBNAIL_SIDE = 64


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
    } | ({} if config.labels == "one" else {"labels": config.labels})


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
