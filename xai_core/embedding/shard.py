"""One shard from its pictures to its rows, the same on every engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from xai_core.embedding.embedding_layer import Embed, EmbeddingLayer, embedder
from xai_core.embedding.store import BATCH, THUMBNAIL_SIDE, Item, Shard
from xai_core.errors import ImageError
from xai_core.images.display import display_pixels
from xai_core.models.class_names import plain
from xai_core.models.preprocess import prepare
from xai_core.models.probability import log_probabilities
from xai_core.types import LoadedModel, SourceImage

_NOT_FINITE = (
    "The network's answer to this picture holds numbers that are not finite (NaN or infinity), so it has no place here."
)

Read = Callable[[str], SourceImage]
Check = Callable[[int], None]  # told after each batch how many pictures it had; may raise to stop


@dataclass(frozen=True, eq=False)
class TableWork:
    """What is left of a table. shards: those to write into `folder`. read: from a picture's id to the picture."""

    model: LoadedModel
    embedding_layer: EmbeddingLayer
    read: Read
    shards: tuple[Shard, ...]
    folder: Path


@dataclass(frozen=True, eq=False)
class RowMaker:
    """What turns pictures into rows; private to one thread. class_index: {plain name: index of the model's class}."""

    model: LoadedModel
    embed: Embed
    read: Read
    class_index: dict[str, int]


def row_maker(model: LoadedModel, embedding_layer: EmbeddingLayer, read: Read) -> RowMaker:
    """For one thread or process; the network's tensors are shared."""
    names = model.config.class_names
    return RowMaker(
        model, embedder(model, embedding_layer), read, {plain(name): i for i, name in reversed(list(enumerate(names)))}
    )


def run_shard(maker: RowMaker, shard: Shard, check: Check = lambda _count: None) -> pa.Table:
    """The rows of a shard in its order; a picture that cannot be read has a reason in place of a vector."""
    rows = []
    for start in range(0, len(shard.items), BATCH):
        batch = shard.items[start : start + BATCH]
        rows.append(_rows(maker, batch))
        check(len(batch))
    return pa.concat_tables(rows, promote_options="permissive").combine_chunks()


def _rows(maker: RowMaker, items: Sequence[Item]) -> pa.Table:
    config = maker.model.config
    inputs = torch.zeros(BATCH, len(config.mean), *config.input_size)
    seen: list[tuple[bytes | None, str | None, str | None]] = []
    for place, item in enumerate(items):
        try:
            image = maker.read(item.id)
            inputs[place] = prepare(config, image).tensor[0]
            seen.append((_thumbnail(image), image.digest, None))
        except ImageError as error:
            seen.append((None, None, str(error)))
    thumbnails, digests, reasons = zip(*seen, strict=True)
    columns: dict[str, object] = {
        "path": pa.array([_written(item.id) for item in items]),
        "key": pa.array([item.key for item in items]),
        "label": pa.array([item.class_name for item in items], pa.string()),
        "digest": pa.array(digests, pa.string()),
        "thumbnail": pa.array(thumbnails, pa.binary()),
    }
    numbers, odd = _numbers(maker, inputs, items, np.array([r is not None for r in reasons]))
    columns["error"] = pa.array([_NOT_FINITE if o else r for r, o in zip(reasons, odd, strict=True)], pa.string())
    return pa.table(columns | numbers)


def _written(path: str) -> str:
    """A path as UTF-8 can hold it; some systems have names that are no text."""
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _numbers(
    maker: RowMaker, inputs: torch.Tensor, items: Sequence[Item], unread: np.ndarray
) -> tuple[dict[str, pa.Array], np.ndarray]:
    """The network's answers as columns, and for which pictures, bool (n,), they are no finite numbers; both these and
    unread pictures have nulls."""
    n = len(items)
    vectors, scores = (t[:n].cpu() for t in maker.embed(inputs.to(maker.model.device)))
    answer = maker.model.config.answer
    log_p = log_probabilities(scores.double(), answer).numpy()
    order = np.argsort(-log_p, axis=1, kind="stable")[:, :2]
    best, second = order[:, 0], order[:, -1]
    own = np.array([maker.class_index.get(plain(item.class_name or ""), -1) for item in items])
    rows = np.arange(n)
    losses = -log_p[rows, np.maximum(own, 0)]
    finite = np.isfinite(vectors.numpy()).all(1) & np.isfinite(scores.numpy()).all(1)
    odd = ~unread & ~finite
    unread = unread | odd
    flat = pa.array(np.ascontiguousarray(vectors.numpy()).reshape(-1))
    columns = {
        "vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1], mask=pa.array(unread)),
        "prediction": pa.array(best.astype(np.int32), mask=unread),
        "probability": pa.array(np.exp(log_p[rows, best]).astype(np.float32), mask=unread),
        "runner_up": pa.array(second.astype(np.int32), mask=unread),
        "runner_up_probability": pa.array(np.exp(log_p[rows, second]).astype(np.float32), mask=unread),
        "loss": pa.array(losses.astype(np.float32), mask=unread | (own < 0)),
    }
    return columns, odd


def _thumbnail(image: SourceImage) -> bytes:
    """JPEG, neither side longer than THUMBNAIL_SIDE."""
    small = Image.fromarray(display_pixels(image))
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)
    data = BytesIO()
    small.save(data, "JPEG", quality=85)
    return data.getvalue()
