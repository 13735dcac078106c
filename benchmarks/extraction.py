"""Extraction: pictures a second from JPEG files to a table, against the bare forward passes on decoded tensors.

python -m benchmarks.extraction     ratios of one run; decoding alone beside it
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import torch
import torchvision
from PIL import Image

from xai_core.datasets import Dataset, open_dataset
from xai_core.embedding.build import build_table
from xai_core.embedding.store import BATCH
from xai_core.images import SAMPLES, load_sample
from xai_core.models.load import wrap_model
from xai_core.models.preprocess import prepare
from xai_core.types import LoadedModel


def photographs(root: Path, count: int) -> Dataset:
    """JPEG files of 500 x 375, cut from the samples at different places."""
    images = [Image.fromarray(load_sample(sample.key).pixels) for sample in SAMPLES]
    for index in range(count):
        image, shift = images[index % len(images)], index // len(images)
        box = (shift % 30, shift % 20, image.width - shift % 40, image.height - shift % 50)
        data = BytesIO()
        image.resize((500, 375), box=box).save(data, "JPEG")
        (root / f"{index:05d}.jpg").write_bytes(data.getvalue())
    return open_dataset(root)


def forward_only(model: LoadedModel, batches: Sequence[torch.Tensor]) -> None:
    for inputs in batches:
        with torch.no_grad():
            model.module(inputs)


def in_two_threads(model: LoadedModel, batches: Sequence[torch.Tensor]) -> None:
    """The bare passes on one core each."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    threads = [threading.Thread(target=forward_only, args=(model, batches[part::2])) for part in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    torch.set_num_threads(before)


def extract(model: LoadedModel, data: Dataset) -> None:
    with tempfile.TemporaryDirectory() as folder:
        build_table(model, data, folder=Path(folder))


def decode(model: LoadedModel, data: Dataset) -> None:
    for index in range(len(data)):
        prepare(model.config, data.load(index))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--network", default="resnet18")
    options = parser.parse_args()
    torch.manual_seed(0)
    model = wrap_model(
        torchvision.models.get_model(options.network),
        input_size=(224, 224),
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        class_names=[str(index) for index in range(1000)],
    )
    with tempfile.TemporaryDirectory() as folder:
        data = photographs(Path(folder), options.images)
        tensors = torch.cat([prepare(model.config, data.load(index)).tensor for index in range(len(data))])
        batches = tensors.split(BATCH)
        last = tensors.contiguous(memory_format=torch.channels_last).split(BATCH)
        work: dict[str, Callable[[], object]] = {
            "extraction": lambda: extract(model, data),
            "forward passes, all cores": lambda: forward_only(model, batches),
            "forward passes, a core each": lambda: in_two_threads(model, batches),
            "the same, channels last": lambda: in_two_threads(model, last),
            "decoding and preparing, one core": lambda: decode(model, data),
        }
        spent: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
        for _ in range(options.rounds):
            for name, call in work.items():
                wall, cpu = time.perf_counter(), time.process_time()
                call()
                spent[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    middle = {name: [statistics.median(times) for times in zip(*both, strict=True)] for name, both in spent.items()}
    for name, (wall, cpu) in middle.items():
        each = 1000 * cpu / len(data)
        print(f"{name:34s} {len(data) / wall:7.1f} pictures a second {each:7.1f} ms CPU a picture")
    plain = [min(middle[name][part] for name in middle if name.startswith("forward")) for part in (0, 1)]
    for title, bare in (("forward passes", plain), ("those with channels last", middle["the same, channels last"])):
        wall, cpu = (bare[part] / middle["extraction"][part] for part in (0, 1))
        print(f"extraction / bare {title}: wall {wall:.2f}, CPU {cpu:.2f}   (must be >= 0.9 of the first)")


if __name__ == "__main__":
    main()
