"""An audit as work that can be stopped and goes on where it was: a file a batch, replaced in one step."""

import hashlib
import json
from collections.abc import Generator
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import IO

from xai_core.attribution.catalog import DEFAULT
from xai_core.datasets import Dataset
from xai_core.durable import Damaged, disk_trouble, one_writer, read_sealed, touch, write_sealed
from xai_core.errors import ImageError
from xai_core.evaluation.audit.examine import examine, read_in
from xai_core.evaluation.audit.record import GRID, Record
from xai_core.models.structure import structure_digest
from xai_core.types import LoadedModel

VERSION = 1  # goes up whenever the same question would get another answer
BATCH = 8
_BUSY = "This audit is running already, here or in another process; wait for it to end."


@dataclass(frozen=True, eq=False)
class AuditJob:
    """The map of each picture's predicted class, by one of `batch_methods` at one layer.

    classes: for each class of the data set the model's class of the same name, or -1.
    """

    model: LoadedModel
    dataset: Dataset
    layer: str
    classes: tuple[int, ...]
    method: str = DEFAULT

    @cached_property
    def key(self) -> str:
        """What decides the answer: data, weights, structure, card, method and layer."""
        told = (
            VERSION,
            self.method,
            BATCH,
            self.layer,
            self.classes,
            self.dataset.digest,
            self.model.digest,
            structure_digest(self.model.module),
            repr(self.model.config),
        )
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Progressed:
    """records: so far, in the data set's order. unread: name and reason of pictures that could not be read.

    done: pictures looked at, of total.
    """

    records: tuple[Record, ...]
    unread: tuple[tuple[str, str], ...]
    done: int
    total: int


def audit(job: AuditJob, store: Path) -> Generator[Progressed]:
    """The states of the audit, batch by batch, beginning with what lies in the store; closing it stops the work.

    SightlineError: the same audit runs elsewhere, or the disk refuses.
    """
    folder = store / job.key
    with one_writer(folder, _BUSY):
        state = stored_audit(job, store) or Progressed((), (), 0, len(job.dataset))
        yield state
        while state.done < state.total:
            indices = range(state.done, min(state.done + BATCH, state.total))
            records, unread = _batch(job, list(indices))
            told = json.dumps({"records": [asdict(r) for r in records], "unread": unread}).encode()
            with disk_trouble(folder):
                write_sealed(folder / _name(state.done), _meaning(job, state.done), partial(_put, told))
            state = _with(state, records, unread, len(indices))
            yield state


def stored_audit(job: AuditJob, store: Path) -> Progressed | None:
    """What an earlier run has left; None where there is nothing, or nothing of use."""
    folder, total = store / job.key, len(job.dataset)
    touch(folder / _name(0))  # the time of its last use
    state = Progressed((), (), 0, total)
    while state.done < total:
        try:
            told = json.loads(read_sealed(folder / _name(state.done), _meaning(job, state.done)))
        except (OSError, Damaged):
            break
        records = [Record(**(one | {"map": tuple(one["map"])})) for one in told["records"]]
        unread = [(str(name), str(reason)) for name, reason in told["unread"]]
        indices = range(state.done, min(state.done + BATCH, total))
        if not _could_be(job, indices, records, len(unread)):
            break
        state = _with(state, records, unread, len(indices))
    return state if state.done else None


def _could_be(job: AuditJob, indices: range, records: list[Record], unread: int) -> bool:
    """Whether these can be the records of these pictures, all but the unread ones."""
    classes = range(-1, len(job.model.config.class_names))
    found = [record.index for record in records]
    return (
        len(found) + unread == len(indices)
        and found == sorted(set(found) & set(indices))
        and all(r.truth in classes and {r.predicted, r.border, r.background} <= set(classes[1:]) for r in records)
        and all(not (r.probability < 0 or r.probability > 1) and len(r.map) == GRID**2 for r in records)
    )


def _meaning(job: AuditJob, start: int) -> str:
    return f"{job.key}/{start}"


def _put(data: bytes, file: IO[bytes]) -> None:
    file.write(data)


def _name(start: int) -> str:
    return f"batch-{start:08d}.json"


def _with(state: Progressed, records: list[Record], unread: list[tuple[str, str]], count: int) -> Progressed:
    return Progressed((*state.records, *records), (*state.unread, *unread), state.done + count, state.total)


def _batch(job: AuditJob, indices: list[int]) -> tuple[list[Record], list[tuple[str, str]]]:
    looked, unread = [], []
    for index in indices:
        label = job.dataset.items[index].label
        try:
            looked.append(read_in(job.model, job.dataset, index, -1 if label is None else job.classes[label]))
        except ImageError as error:
            unread.append((job.dataset.items[index].id, str(error)))
    return examine(job.model, job.dataset, (job.method, job.layer), looked) if looked else [], unread
