"""Many pictures under one name: a folder, a zip, uploads or a bundled set, read one at a time."""

from xai_core.datasets.catalog import BUNDLED, open_dataset
from xai_core.datasets.dataset import Dataset, DatasetItem
from xai_core.datasets.limits import DatasetLimits

__all__ = ["BUNDLED", "Dataset", "DatasetItem", "DatasetLimits", "open_dataset"]
