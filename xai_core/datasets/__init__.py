"""Many pictures under one name: a folder, a zip, uploads or a bundled set, read one at a time."""

from xai_core.datasets.catalog import bundled_names, find_source, open_dataset
from xai_core.datasets.dataset import Dataset, DatasetItem, DatasetLimits, DatasetSource

__all__ = [
    "Dataset",
    "DatasetItem",
    "DatasetLimits",
    "DatasetSource",
    "bundled_names",
    "find_source",
    "open_dataset",
]
