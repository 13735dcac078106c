"""The digest is that of the values, and of their shape and type."""

from __future__ import annotations

import numpy as np

from xai_core.images.digest import array_digest

SCAN = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_the_layout_in_memory_does_not_count() -> None:
    assert array_digest(np.asfortranarray(SCAN)) == array_digest(SCAN)
    assert array_digest(np.repeat(SCAN, 2, axis=1)[:, ::2]) == array_digest(SCAN)


def test_shape_type_and_values_count() -> None:
    others = [SCAN.reshape(4, 3), SCAN.view(np.int32), SCAN.T, SCAN + 1]
    assert len({array_digest(array) for array in [SCAN, *others]}) == 5
