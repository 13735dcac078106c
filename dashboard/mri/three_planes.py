"""The three planes of a volume through one place: the open slice large, the other two small below it."""

from collections.abc import Callable, Mapping

from dashboard.mri import diagnoses, slices, stack
from dashboard.mri.reading import Reading
from dashboard.mri.scan import Place, Scan, planes_of
from dashboard.shared.components.viewer.planes import PlanesView, PlaneView, planes
from dashboard.shared.components.viewer.scan import SliceMap
from xai_core.images.scans import Plane, crossing_at, crossing_planes
from xai_core.images.scans.volume import PLANES
from xai_core.types import Window

LINK = "mri"
Known = Callable[[str], Mapping[int, Reading]]


def slice_maps(readings: Mapping[int, Reading], class_index: int) -> dict[int, SliceMap]:
    """The maps of a diagnosis over the slices that were read, each on its own slice's scale."""
    return {
        index: SliceMap(one.maps[class_index], one.box, diagnoses.common_scale(one))
        for index, one in readings.items()
        if one.plausible
    }


def numbers(scan: Scan, at: Place) -> dict[Plane, int] | None:
    """The slice of each plane through the place; None where only one plane can be shown."""
    if scan.volume is None or set(planes_of(scan)) != set(PLANES):
        return None
    return {plane: at.index if plane == at.plane else slices.place_now(scan, plane).index for plane in PLANES}


def cross(scan: Scan, at: Place) -> tuple[float, float] | None:
    """Where the other planes cut the open slice."""
    place = numbers(scan, at)
    return crossing_at(scan.volume, at.volume_plane, place) if place is not None and scan.volume is not None else None


def show(scan: Scan, at: Place, window: Window | None, known: Known, class_index: int | None) -> None:
    """The other two planes; nothing where there is but one. known: readings by plane; class_index: None for no maps."""
    place = numbers(scan, at)
    if place is None:
        return

    def view(plane: Plane) -> PlaneView:
        maps = slice_maps(known(plane), class_index) if class_index is not None and plane != at.plane else {}
        return PlaneView(plane, stack.slices(scan, plane, plane), place[plane], crossing_planes(plane), maps)

    others = [view(plane) for plane in PLANES if plane != at.plane]
    planes(
        PlanesView(view(at.volume_plane), others, window, diagnoses.VIEWER, LINK),
        key=f"{diagnoses.VIEWER}_planes",
        on_place=lambda chosen: _go(scan, chosen),
        on_large=lambda plane: slices.choose_plane(scan, plane),
    )


def _go(scan: Scan, chosen: Mapping[str, int]) -> None:
    for plane, index in chosen.items():
        slices.go_to(scan, Place(plane, index))
