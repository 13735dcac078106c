"""An audit as work that can be stopped and goes on where it was: a file a batch, replaced in one step."""

import hashlib
import json
from collections.abc import Generator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from xai_core.attribution.catalog import DEFAULT
from xai_core.datasets import Dataset
from xai_core.durable import disk_trouble, one_writer, replace_file
from xai_core.errors import ImageError
from xai_core.evaluation.audit.examine import examine, read_in
from xai_core.evaluation.audit.record import Record
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
            told = {"records": [asdict(r) for r in records], "unread": unread}
            with disk_trouble(folder):
                replace_file(folder / f"batch-{state.done:08d}.json", json.dumps(told).encode())
            state = _with(state, records, unread, len(indices))
            yield state


def stored_audit(job: AuditJob, store: Path) -> Progressed | None:
    """What an earlier run has left; None where there is nothing, or nothing of use."""
    folder, total = store / job.key, len(job.dataset)
    state = Progressed((), (), 0, total)
    while state.done < total:
        try:
            told = json.loads((folder / f"batch-{state.done:08d}.json").read_text("utf-8"))
            records = [Record(**(one | {"map": tuple(one["map"])})) for one in told["records"]]
            unread = [(str(name), str(reason)) for name, reason in told["unread"]]
        except (OSError, ValueError, KeyError, TypeError):
            break
        state = _with(state, records, unread, min(BATCH, total - state.done))
    return state if state.done else None


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
