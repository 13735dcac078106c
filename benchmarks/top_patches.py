"""Top patches: what ranking every channel of every convolution of ResNet-18 adds to the plain forward passes.

python -m benchmarks.top_patches       prints CPU times and ratios of one run, and the memory that a longer pass adds
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import torch
import torchvision
from PIL import Image
from torch import nn

from benchmarks.timing import compare
from xai_core.datasets import Dataset, open_dataset
from xai_core.features.patch_job import PatchJob, patch_job
from xai_core.features.top_patches import search, top_patches
from xai_core.images import SAMPLES, load_sample
from xai_core.models.load import wrap_model
from xai_core.models.preprocess import prepare
from xai_core.types import LoadedModel

BATCH = 32


def photographs(count: int) -> Dataset:
    """Uploads of 500 x 375 JPEG photographs, cut from the samples at different places."""
    pictures = [Image.fromarray(load_sample(sample.key).pixels) for sample in SAMPLES]
    uploads = []
    for index in range(count):
        picture, shift = pictures[index % len(pictures)], index // len(pictures)
        box = (shift % 30, shift % 20, picture.width - shift % 40, picture.height - shift % 50)
        data = BytesIO()
        picture.resize((500, 375), box=box).save(data, "JPEG")
        uploads.append((f"{index}.jpg", data.getvalue()))
    return open_dataset(uploads)


def plain(job: PatchJob) -> None:
    """The same pictures, read, prepared and classified in the same batches."""
    for first in range(0, len(job.dataset), job.batch):
        indices = range(first, min(first + job.batch, len(job.dataset)))
        inputs = torch.cat([prepare(job.model.card, job.dataset.load(i)).tensor for i in indices])
        with torch.no_grad():
            job.model.module(inputs)


def forward_only(job: PatchJob, batches: list[torch.Tensor]) -> None:
    for inputs in batches:
        with torch.no_grad():
            job.model.module(inputs)


def stored(job: PatchJob) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for _ in search(job, Path(folder)):
            continue


def resnet18() -> LoadedModel:
    torch.manual_seed(0)
    return wrap_model(
        torchvision.models.resnet18(),
        input_size=(224, 224),
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        class_names=[str(index) for index in range(1000)],
    )


def browsing_ms(job: PatchJob) -> float:
    """Opening the stored result and reading one unit."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = {"batch": job.batch, "store": Path(folder)}
        top_patches(job.model, job.dataset, job.layers, job.k, **arguments)  # type: ignore[arg-type]
        start = time.perf_counter()
        top_patches(job.model, job.dataset, job.layers, job.k, **arguments).unit("conv1", 5)  # type: ignore[arg-type]
        return 1000 * (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, data = resnet18(), photographs(options.pictures)
    convolutions = tuple(name for name, part in model.module.named_modules() if isinstance(part, nn.Conv2d))
    every = patch_job(model, data, convolutions, batch=BATCH)
    quarter = patch_job(model, replace(data, items=data.items[: len(data) // 4]), convolutions, batch=BATCH)
    grown = [peak_memory_mb(quarter), peak_memory_mb(every)]
    stages = patch_job(model, data, ("layer1", "layer2", "layer3", "layer4"), batch=BATCH)
    last = patch_job(model, data, ("layer4",), by="contribution", class_index=0)
    all_by_class = patch_job(model, data, convolutions, by="contribution", class_index=0)
    batches = [
        torch.cat([prepare(model.card, data.load(i)).tensor for i in range(first, min(first + BATCH, len(data)))])
        for first in range(0, len(data), BATCH)
    ]
    seconds = compare(
        {
            "forward passes alone": lambda: forward_only(every, batches),
            "reading, preparing, forward": lambda: plain(every),
            f"search, {len(convolutions)} convolutions": lambda: stored(every),
            "search, 4 stages": lambda: stored(stages),
            "by contribution, layer4": lambda: stored(last),
            f"by contribution, {len(convolutions)} convolutions": lambda: stored(all_by_class),
        },
        options.rounds,
    )
    for name, spent in seconds.items():
        print(f"{name:35s} {1000 * spent / len(data):8.2f} ms CPU a picture")
    alone, base, all_layers, four, last_by_class, every_by_class = seconds.values()
    print(f"every convolution / plain pass: {all_layers / base:.3f}   (must be <= 1.10)")
    print(f"what ranking adds / forward passes alone: {(all_layers - base) / alone:.3f}   (must be <= 0.10)")
    print(f"four stages / plain pass: {four / base:.3f}")
    print(f"by contribution / plain pass: layer4 {last_by_class / base:.2f}, all {every_by_class / base:.2f}")
    print(f"opening the stored result and one unit of it: {browsing_ms(every):.1f} ms   (must be < 100)")
    print(f"peak memory after {len(quarter.dataset)} pictures {grown[0]:.0f} MB, after {len(data)} {grown[1]:.0f} MB")


def peak_memory_mb(job: PatchJob) -> float:
    """The most that this process ever held, after one more search."""
    stored(job)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
