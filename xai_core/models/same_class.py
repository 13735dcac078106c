"""Which class of the model a class of the data is: folders write "no_tumor" for "No tumor"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

_GAP = re.compile(r"[\s_\-]+")


def plain(name: str) -> str:
    """The name without what folders cannot or people do not keep: case, and what stands between words."""
    return _GAP.sub(" ", name).strip().casefold()


def matched(class_names: Sequence[str], model_classes: Sequence[str]) -> np.ndarray:
    """int64 (len(class_names),): the index of the model's class of the same name, -1 where it has none.

    Of "cab, hack, taxi" each name counts where no other class has it.
    """
    index = {plain(name): i for i, name in reversed(list(enumerate(model_classes)))}  # the first of equals counts
    names = [{plain(one) for one in name.split(",")} for name in model_classes]
    often = Counter(one for several in names for one in several)
    index = {one: i for i, several in enumerate(names) for one in several if often[one] == 1} | index
    return np.array([index.get(plain(name), -1) for name in class_names], np.int64)
