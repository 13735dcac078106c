"""The table of vectors and its neighbour graph: opened where it was made before, else made in the background."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import streamlit as st

import xai_core as xai
from dashboard.core import audit_log, jobs
from dashboard.core.cache_folder import tables_folder
from dashboard.core.plain_text import as_code, in_prose, plainly
from dashboard.map.map_cache import once
from dashboard.map.map_request import MapRequest
from dashboard.shared import job_lines
from dashboard.shared.dataset_choice import runs_by_itself
from xai_core.attribution.explain import ImageForwardPass
from xai_core.embedding.distances import Metric
from xai_core.embedding.graph import Graph
from xai_core.embedding.neighbours import Index
from xai_core.errors import ImageError
from xai_core.types import Explanation, FeatureTable

MOST_UNREAD = 100


@dataclass(frozen=True, eq=False)
class Space:
    """The pictures as one network sees them: what every part of the page reads."""

    request: MapRequest
    table: FeatureTable
    graph: Graph

    @property
    def key(self) -> str:
        return self.request.key

    @property
    def labelled(self) -> bool:
        return bool((self.table.labels >= 0).any())


def space(request: MapRequest) -> Space | None:
    """The finished table; None while it is being made, when the screen says how far it is."""
    key = f"table|{request.key}"
    run = jobs.look(key)
    if run is None and (runs_by_itself(request.source, request.model.config.key) or _stored(request)):
        _start(key, request)
        run = jobs.look(key)
    if run is not None and run.result is not None:
        table, graph = run.result
        audit_log.told_of_many(request.model, request.dataset)
        return Space(request, table, graph)
    if run is not None and run.running:
        job_lines.follow(key, f"{request.model.config.title} looks at the pictures", "pictures")
        return None
    total = len(request.dataset)
    if run is not None and run.trouble:
        st.error(in_prose(run.trouble), icon=":material/error:")
    elif run is not None:
        st.info(f"Stopped after {run.done:,} of {total:,} pictures. What is done is kept.", icon=":material/pause:")
    label = "Go on" if run is not None and run.done and tables_folder(request.source) else f"Compute {total:,} pictures"
    st.button(label, type="primary", icon=":material/play_arrow:", on_click=_start, args=(key, request))
    return None


def index_of(space: Space, metric: Metric) -> Index:
    """What answers for the neighbours."""
    return once(lambda: xai.open_index(space.table, metric), "index", space.key, metric)


def predicted_maps(
    space: Space, rows: Iterable[int], tell: jobs.JobProgress
) -> Iterator[tuple[int, ImageForwardPass, Explanation]]:
    """Grad-CAM of each picture's predicted class at the suggested layer; without those that can't be read any more."""
    model, chosen = space.request.model, list(rows)
    layer = xai.suggested_layer(model)
    for done, row in enumerate(chosen):
        tell(done, len(chosen))
        try:
            image = space.request.dataset.load(int(space.table.items[row]))
        except ImageError:
            continue
        image_pass = xai.forward_image(model, image, [layer])
        predicted = int(space.table.predictions[row])
        yield row, image_pass, xai.explain_forward_pass(image_pass, "grad_cam", [layer], [predicted])


def unread(table: FeatureTable) -> None:
    """The pictures that could not be read, each with its reason."""
    count = len(table.unread)
    if not count:
        return
    words = "1 picture could not be read and is" if count == 1 else f"{count:,} pictures could not be read and are"
    with st.expander(f"{words} not on the map"):
        for name, reason in table.unread[:MOST_UNREAD]:
            st.markdown(f"- {as_code(name)}: {plainly(reason)}")


def _stored(request: MapRequest) -> bool:
    folder = tables_folder(request.source)
    return folder is not None and xai.stored_table(request.model, request.dataset, request.layer, folder) is not None


def _start(key: str, request: MapRequest) -> None:
    def work(tell: jobs.JobProgress) -> tuple[FeatureTable, Graph]:
        table = xai.build_table(
            request.model, request.dataset, request.layer, tell, folder=tables_folder(request.source)
        )
        return table, xai.knn_graph(table, on_progress=tell)

    jobs.start(key, work)
