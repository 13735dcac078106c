"""What a source of models says of itself; `catalog.SOURCES` lists them, and whoever shows models asks the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import nn

from xai_core.types import LoadedModel, ModelConfig, ProgressCallback

Evidence = Literal["for", "against"]
Whose = Literal["bundled", "downloaded", "models folder", "yours"]  # as the lists of models say it


@dataclass(frozen=True)
class Alternative:
    """Another architecture that the weights fit. same: it gives the same scores on random input.

    difference: the first layer with weights that is built otherwise; None where no such layer is.
    evidence: whether what the weights remember of their training speaks for or against it; None where it says nothing.
    """

    key: str
    same: bool
    difference: str | None
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Untold:
    """Something that a file does not tell and the answers depend on.

    name: as a card's `settled` has it. question: as the screen asks for it. options: {value: title}.
    assumed: the value in use until somebody says. reason: why one has to say, one sentence. sure: the assumed value is
    right for most, so that no caution stands beside the answers.
    """

    name: str
    question: str
    options: Mapping[str, str]
    assumed: str
    reason: str
    sure: bool = False


@dataclass(frozen=True, eq=False)
class BuiltFile:
    """A file's network, built as one architecture.

    title: what the screen calls the architecture. model: with the makers' configuration, for its user to correct.
    check: one sentence of what was compared. others: what else would fit.
    untold: what the file does not tell. settled: the same network with other values for it, {name: value}; None where
    nothing is untold. effect: its bare network with such values, to see what they do.
    """

    architecture: str
    title: str
    model: LoadedModel
    check: str
    others: tuple[Alternative, ...] = ()
    untold: tuple[Untold, ...] = ()
    settled: Callable[[Mapping[str, str]], BuiltFile] | None = None
    effect: Callable[[Mapping[str, str]], nn.Module] | None = None


@dataclass(frozen=True, eq=False)
class ModelFile:
    """A file that was read, and is no model yet.

    fitting: the architectures that it fits, the likeliest first. every: all that can be named where none fits; empty
    where the file is its own architecture and there is nothing to choose. unknown: the sentence for none that fits.
    notes: what was done to read it, one sentence each. build: from an architecture; ModelError where it does not fit.
    original: the file, where a folder keeps it as it is; None where only its weights are kept.
    """

    fitting: tuple[str, ...]
    build: Callable[[str], BuiltFile]
    every: Callable[[], tuple[str, ...]] = tuple
    unknown: str = ""
    notes: tuple[str, ...] = ()
    original: bytes | None = None


@dataclass(frozen=True)
class FileKind:
    """A kind of file that networks are read from.

    about: what can be opened, in Markdown. suffixes: endings, with the dot, in lower case. refused: endings that are
    taken in only to say what to do instead.
    read: a stranger's bytes under a title. network: of a file whose configuration is known. Both raise ModelError.
    """

    about: str
    suffixes: tuple[str, ...]
    read: Callable[[bytes, str], ModelFile]
    network: Callable[[Path, ModelConfig], nn.Module]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelSource:
    """Where models come from.

    keys: what their keys begin with; a key belongs to the source with the longest such beginning.
    configs: the models that can be loaded by key. build: the network of one of them, in eval mode, with its weights;
    the callback gets (bytes done, bytes in all) of a download. ModelError: no network, weights that do not fit.
    opens: the files of a visitor that it reads.
    missing: why a model of these keys is not there, where a link names one. python: the expression that opens such a
    model again, where `load_model` cannot.
    """

    keys: str
    whose: Whose
    configs: Callable[[], tuple[ModelConfig, ...]] = tuple
    build: Callable[[ModelConfig, ProgressCallback | None], nn.Module] | None = None
    opens: FileKind | None = None
    missing: str = ""
    python: str = ""


ANOTHER_VISIT = "The link names a model that somebody opened in another visit; open its file on the Models page."
