"""Top patches: what ranking every channel of every convolution of ResNet-18 adds to the plain forward passes.

python -m benchmarks.top_patches       prints CPU times and ratios of one run, and the memory that a longer pass adds
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import torch
import torchvision
from PIL import Image
from torch import nn

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
    images = [Image.fromarray(load_sample(sample.key).pixels) for sample in SAMPLES]
    uploads = []
    for index in range(count):
        image, shift = images[index % len(images)], index // len(images)
        box = (shift % 30, shift % 20, image.width - shift % 40, image.height - shift % 50)
        data = BytesIO()
        image.resize((500, 375), box=box).save(data, "JPEG")
        uploads.append((f"{index}.jpg", data.getvalue()))
    return open_dataset(uploads)


def plain(job: PatchJob) -> Iterator[int]:
    """The same pictures, read, prepared and classified in the same batches; says after each how many are done."""
    for first in range(0, len(job.dataset), job.batch):
        indices = range(first, min(first + job.batch, len(job.dataset)))
        inputs = torch.cat([prepare(job.model.config, job.dataset.load(i)).tensor for i in indices])
        with torch.no_grad():
            job.model.module(inputs)
        yield indices.stop


def searched(job: PatchJob) -> Iterator[int]:
    """The search, stored on the disk after each batch."""
    with tempfile.TemporaryDirectory() as folder:
        for state in search(job, Path(folder)):
            yield state.done


def side_by_side(works: Mapping[str, Iterator[int]], total: int) -> dict[str, float]:
    """CPU seconds of each piece of work; they take turns batch by batch, so that a busy machine slows them alike."""
    spent = dict.fromkeys(works, 0.0)
    for target in (*range(BATCH, total, BATCH), total):
        for name, work in works.items():
            start = time.process_time()
            while next(work) < target:
                continue
            spent[name] += time.process_time() - start
    return spent


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
    parser.add_argument("--pictures", type=int, default=320)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, data = resnet18(), photographs(options.images)
    convolutions = tuple(name for name, part in model.module.named_modules() if isinstance(part, nn.Conv2d))
    every = patch_job(model, data, convolutions, batch=BATCH)
    stages = patch_job(model, data, ("layer1", "layer2", "layer3", "layer4"), batch=BATCH)
    last = patch_job(model, data, ("layer4",), by="contribution", class_index=0)
    warm = replace(every, dataset=replace(data, items=data.items[:BATCH]))
    for _ in (*plain(warm), *searched(warm)):
        continue
    works = {
        "plain": plain(every),
        "all": searched(every),
        "stages": searched(stages),
        "by class": searched(last),
    }
    seconds = side_by_side(works, len(data))
    for name, spent in seconds.items():
        print(f"{name:10s} {1000 * spent / len(data):8.2f} ms CPU a picture, {spent / seconds['plain']:.3f} x plain")
    print(f"{len(convolutions)} convolutions / plain: {seconds['all'] / seconds['plain']:.3f}   (must be <= 1.10)")
    print(f"opening the stored result and one unit of it: {browsing_ms(warm):.1f} ms   (must be < 100)")
    print("most memory, MB:", ", ".join(f"{done} pictures {most:.0f}" for done, most in memory_mb(every)))


def memory_mb(job: PatchJob) -> list[tuple[int, float]]:
    """The most that this process ever held, at the quarters of one more search: a plateau."""
    marks, found = [round(len(job.dataset) * share / 4) for share in (1, 2, 3, 4)], []
    for done in searched(job):
        if marks and done >= marks[0]:
            found.append((done, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
            marks.pop(0)
    return found


if __name__ == "__main__":
    main()
