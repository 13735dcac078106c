"""Whose code failed is told by where an error was raised; what foreign code raises is said in one sentence."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch
from PIL import Image
from safetensors.torch import load
from scipy.linalg import eigh

from dashboard.core import state
from dashboard.core.failures import foreign_refused
from dashboard.core.foreign_code import foreign_refusal, raised_by
from xai_core.durable import replace_file
from xai_core.errors import NotApplicable, SightlineError
from xai_core.render.recipe import percent

NOTHING = b"nothing"
FOREIGN: dict[str, Callable[[], object]] = {
    "torch": lambda: torch.nn.Linear(2, 3)(torch.zeros(1, 5)),
    "PIL": lambda: Image.open(io.BytesIO(NOTHING)),
    "pydicom": lambda: pydicom.dcmread(io.BytesIO(NOTHING)),
    "scipy": lambda: eigh(np.zeros((2, 3))),
    "zipfile": lambda: zipfile.ZipFile(io.BytesIO(NOTHING)),
    "safetensors": lambda: load(NOTHING),
}
OURS: dict[str, Callable[[], object]] = {
    "in a line of ours": lambda: state.number_in(None),  # type: ignore[arg-type]
    "another one": lambda: percent("half"),  # type: ignore[arg-type]
}


def error_of(work: Callable[[], object]) -> Exception:
    try:
        work()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("library", FOREIGN)
def test_the_library_that_raised_is_named_with_what_to_do_and_not_quoted(library: str) -> None:
    error = error_of(FOREIGN[library])
    said = foreign_refusal(error)
    assert raised_by(error) == library
    assert said is not None
    assert f"({library}: {type(error).__name__})" in said
    assert "choose" in said
    assert str(error) not in said


@pytest.mark.parametrize("place", OURS)
def test_a_mistake_of_ours_stays_one(place: str) -> None:
    error = error_of(OURS[place])
    assert raised_by(error) is None
    assert foreign_refusal(error) is None


def test_a_disk_that_refuses_and_too_little_memory_have_sentences_of_their_own() -> None:
    gone = error_of(lambda: replace_file(Path("/no/such/folder/file"), b"x"))
    assert "disk refused (No such file or directory)" in (foreign_refusal(gone) or "")
    assert "more memory than is free" in (foreign_refusal(MemoryError()) or "")


def test_refusals_pass_as_they_are_and_foreign_errors_become_some() -> None:
    with pytest.raises(NotApplicable, match="no meaning"), foreign_refused():
        raise NotApplicable("It has no meaning here.")
    with pytest.raises(SightlineError, match=r"torch: RuntimeError") as caught, foreign_refused():
        FOREIGN["torch"]()
    assert type(caught.value.__cause__) is RuntimeError
    with pytest.raises(AttributeError), foreign_refused():
        OURS["in a line of ours"]()
