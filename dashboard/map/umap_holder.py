"""UMAP's process as the page holds it: one for all visitors, started when it is first wanted."""

from threading import Lock

from dashboard.core import jobs
from xai_core.embedding.projection import Projection
from xai_core.embedding.umap_map import UmapProcess, UmapSettings, start_umap, umap_map
from xai_core.types import FeatureTable


class Umap:
    """UMAP's process, started when it is first wanted, and which map it holds: only for that can it place pictures."""

    def __init__(self) -> None:
        self.holds = ""
        self._lock = Lock()
        self._process: UmapProcess | None = None

    def make(
        self, key: str, table: FeatureTable, dims: int, settings: UmapSettings, tell: jobs.JobProgress
    ) -> Projection:
        """The map of these settings. key: names it in `holds`."""
        with self._lock:
            if self._process is None or not self._process.alive:
                self._process = start_umap()
            process, self.holds = self._process, ""
            tell(0, 0)
            while process.alive and not process.ready.wait(0.2):
                tell(0, 0)
            made = umap_map(table, dims, process=process, settings=settings, on_progress=tell)
            self.holds = key
            return made
