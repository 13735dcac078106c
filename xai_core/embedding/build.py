"""The table of a network and a data set: found on the disk, finished where it was left, or computed from the start."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from xai_core.datasets import Dataset
from xai_core.durable import Damaged, disk_trouble, one_writer, passing_folder
from xai_core.embedding.embedding_layer import find_embedding_layer
from xai_core.embedding.local import Engine, run_local
from xai_core.embedding.shard import TableWork
from xai_core.embedding.store import (
    BUSY,
    digest_of,
    finished_keys,
    items_of,
    prepare_folder,
    shard_size,
    shards_of,
    table_facts,
    table_folder,
)
from xai_core.embedding.view import in_memory, open_view, write_view
from xai_core.errors import ImageError
from xai_core.types import FeatureTable, LoadedModel, ProgressCallback, no_progress


def build_table(
    model: LoadedModel,
    dataset: Dataset,
    layer: str | None = None,
    on_progress: ProgressCallback | None = None,
    *,
    folder: Path | str | None = None,
    engine: Engine = run_local,
    images_a_shard: int | None = None,
) -> FeatureTable:
    """What the network makes of every picture, one row each, after one pass over the data.

    layer: dotted name; None: what the classifier reads. Feature maps are averaged over their places.
    folder: where the table is kept. There it goes on where it was stopped or killed, computes only pictures that are
    new or have changed, and opens at once when nothing has. None: in memory only.
    on_progress(done, total), in pictures, may raise to stop; finished shards stay. Pictures that cannot be read are in
    `unread`. LayerError: no such layer. SightlineError: another job writes this table, or the disk refuses.
    """
    if folder is None:
        with passing_folder("sightline-") as own:
            table = build_table(
                model, dataset, layer, on_progress, folder=Path(own), engine=engine, images_a_shard=images_a_shard
            )
            return in_memory(table)
    folder = Path(folder)
    if (found := stored_table(model, dataset, layer, folder)) is not None:
        return found
    embedding_layer = find_embedding_layer(model, layer)
    facts = table_facts(model, dataset, embedding_layer)
    home, view = table_folder(folder, facts), _view(table_folder(folder, facts), facts, dataset)
    with one_writer(home, BUSY):
        items = list(items_of(dataset))
        with disk_trouble(home):
            prepare_folder(home, facts)
            finished = finished_keys(home)
            todo = [item for item in items if item.key not in finished]
        shards = shards_of(facts, todo, images_a_shard or shard_size(len(items)))
        advance = _counter(on_progress or no_progress, len(items) - len(todo), len(items))
        if shards:
            engine(TableWork(model, embedding_layer, dataset.read, tuple(shards), home), advance)
        with disk_trouble(home):
            write_view(home, view, facts, dataset, items)
            table = open_view(view, model.config, len(items))
    if not len(table):
        raise ImageError(f"None of the {len(items)} pictures could be read; the first: {table.unread[0][1]}")
    return table


def _counter(tell: ProgressCallback, done: int, total: int) -> Callable[[int], None]:
    """Tells how far it is now, and again whenever so many pictures more are done."""

    def advance(images: int) -> None:
        nonlocal done
        done += images
        tell(done, total)

    advance(0)
    return advance


def stored_table(model: LoadedModel, dataset: Dataset, layer: str | None, folder: Path | str) -> FeatureTable | None:
    """The finished table of exactly this network, layer and state of the data; None where there is none."""
    facts = table_facts(model, dataset, find_embedding_layer(model, layer))
    view = _view(table_folder(Path(folder), facts), facts, dataset)
    try:
        table = open_view(view, model.config, len(dataset))
    except (OSError, Damaged):
        return None
    return table if len(table) else None


def _view(home: Path, facts: Mapping[str, object], dataset: Dataset) -> Path:
    """Named by the state of the data: another listing, other labels or other class names are another view."""
    listing = hashlib.sha256()
    for item in dataset.items:
        listing.update(repr((item.id, item.label)).encode("ascii", "backslashreplace"))
    state = [dict(facts), dataset.digest, list(dataset.class_names), listing.hexdigest()]
    return home / f"view-{digest_of(state)[:24]}"
