"""Which pictures: a bundled set, uploads or a zip, a folder or a list of this machine, or a well-known set."""

import streamlit as st

from dashboard.core import state
from dashboard.core.plain_text import plainly
from dashboard.core.session import StateKey, none, show_in_widget, widget_value
from dashboard.shared import cached
from dashboard.shared.local_folder import is_local, open_local_folder
from dashboard.shared.published_sets import published_set
from xai_core.datasets import Dataset, DatasetSource, bundled_names, catalog, find_source

_SOURCE = StateKey[tuple[str, str] | None]("unit_data", none)  # the model that it was chosen for, and which
_UPLOADED = StateKey[Dataset | None]("unit_uploads", none)
_UPLOAD_IDS = StateKey[list[str]]("unit_upload_ids", list)
_FOLDER_SET = StateKey[tuple[str, Dataset] | None]("unit_folder_set", none)  # the path, and its pictures
TYPES = ["zip", "png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif"]


def chosen() -> str:
    """Which source; at first what the link says, else what fits the model. Another model brings its own."""
    model = state.selection().model
    kept = _SOURCE.get()
    if kept is None or (kept[0] != model and kept[1] in bundled_names()):
        link = st.query_params.get("data", "") if kept is None else ""
        made_for = next((source.key for source in catalog.SOURCES if source.model == model), catalog.SOURCES[0].key)
        kept = (model, link if link in bundled_names() else made_for)
        _SOURCE.set(kept)
    return kept[1]


def choose(source: str) -> None:
    _SOURCE.set((state.selection().model, source))


def offer(dataset: Dataset) -> None:
    """Let these be the visitor's own pictures, as if they had been uploaded."""
    _UPLOADED.set(dataset)


def offered_sources(chosen: str) -> list[str]:
    """The keys of the sources that this visitor may choose; a path may be named only at the server's own machine."""
    return [s.key for s in catalog.SOURCES if s.gives != "path" or s.key == chosen or is_local()]


def data_control(title: str = "Pictures to search") -> Dataset | None:
    """The choice of pictures; None while none are given. ImageError: those given are no data set."""
    source = chosen()
    st.segmented_control(
        title,
        offered_sources(source),
        format_func=lambda key: find_source(key).title,
        key=show_in_widget("unit_source", source),
        on_change=lambda: choose(widget_value("unit_source")),
        required=True,
    )
    return given(source)


def given(source: str) -> Dataset | None:
    """The pictures of a source, with what it takes to name them; None and ImageError as `data_control`."""
    record = find_source(source)
    match record.gives:
        case "nothing":
            return cached.bundled_set(source)
        case "name":
            return published_set()
        case "files":
            dataset = _uploaded(record)
        case "path":
            dataset = _folder(record)
    if dataset is not None:
        for note in dataset.notes:
            st.caption(f":material/info: {plainly(note)}")
    return dataset


def runs_by_itself(source: str, model: str) -> bool:
    """Whether the search takes a moment only, so that nobody need ask for it."""
    record = find_source(source)
    return record.quick or record.model == model


def display_image_of(source: str, dataset: Dataset, index: int) -> str:
    """What a choice calls a picture of the set; one of the visitor's own joins the tray. ImageError: it is gone."""
    tray = find_source(source).tray
    if tray is not None:
        return tray(dataset.items[index].id, index)
    state.add_upload(dataset.load(index))
    return state.selection().image


def _uploaded(source: DatasetSource) -> Dataset | None:
    kept = _UPLOADED.get()
    files = st.file_uploader(
        "Several pictures, or one zip with a folder for each class or a CSV of paths and labels",
        type=TYPES,
        accept_multiple_files=True,
        key="unit_uploader",
        help="They stay on this server and in this visit. Larger sets: name a folder, or raise server.maxUploadSize.",
    )
    ids = [file.file_id for file in files]
    if ids and ids != _UPLOAD_IDS.get():
        kept = source.open([(file.name, file.getvalue()) for file in files])
        offer(kept)
        _UPLOAD_IDS.set(ids)
    if kept is not None:
        st.caption(f"**{plainly(kept.name)}**: {_size(kept)}")
    return kept


def _folder(source: DatasetSource) -> Dataset | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = _path()
        again = st.button("Look again", icon=":material/refresh:", help="For pictures that have come since.")
    if not text.strip():
        return None
    dataset = _opened(source, text, again)
    st.caption(f"**{plainly(dataset.name)}**: {_size(dataset)}")
    return dataset


def _path() -> str:
    return st.text_input(
        "Path of a folder on this machine, or of a CSV that lists pictures",
        key="unit_folder",
        persist_state="session",
        placeholder="~/pictures",
        help="Subfolders are read as classes. A CSV has a header line, a column with paths that count from its own "
        'folder, and perhaps a column "label"; its other columns can colour the map. Nothing in the folder is changed, '
        "and the path never enters a link.",
    )


def _opened(source: DatasetSource, text: str, again: bool) -> Dataset:
    """Listed once a visit and path; the button looks again."""
    kept = _FOLDER_SET.get()
    if kept is None or kept[0] != text or again:
        kept = (text, open_local_folder(text, source.open))
        _FOLDER_SET.set(kept)
    return kept[1]


def _size(dataset: Dataset) -> str:
    classes = f" in {len(dataset.class_names)} classes" if dataset.class_names else ", without classes"
    names = [plainly(name) for name in dataset.columns]
    more = f" · also known: {', '.join(names[:6])}{' …' if len(names) > 6 else ''}" if names else ""
    return f"{len(dataset):,} picture{'' if len(dataset) == 1 else 's'}{classes}{more}"
