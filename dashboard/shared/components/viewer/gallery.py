"""`gallery`: the same picture once for each layer, each tile a button."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboard.core.session import widget_value
from dashboard.shared.components.viewer.colour import kind_of, scale_header, tables
from dashboard.shared.components.viewer.frontend import register
from dashboard.shared.components.viewer.payload import image_header, map_bytes, map_header, pack, scale_top
from dashboard.shared.components.viewer.records import DisplayImage, Tile

_component = register("gallery", styles=("tile",))


@dataclass(frozen=True)
class GalleryOptions:
    """How a gallery looks and what it follows.

    signed: draw both signs, on scales from -vmax to vmax, instead of positive evidence alone. settings_of: the key of
    the viewer whose opacity, threshold, colour scale and interpolation the tiles follow. fill: few tiles share the
    whole width, instead of staying small.
    """

    signed: bool = False
    settings_of: str | None = None
    fill: bool = False


def gallery(
    image: DisplayImage,
    tiles: Sequence[Tile],
    selected: str,
    options: GalleryOptions = GalleryOptions(),
    *,
    key: str,
    on_choose: Callable[[str], None] | None = None,
) -> str | None:
    """Show a tile a layer and return the name of the one that was just clicked, for one run.

    selected: the name that is marked as chosen. on_choose: called with the name before the page runs, so that one run
    shows the new layer; without it the caller learns the name after it has drawn the viewer, and has to run again.
    """
    names = {tile.name for tile in tiles}

    def told() -> None:
        name = chosen_name(widget_value(key).choose, names)
        if on_choose and name is not None:
            on_choose(name)

    payload = gallery_payload(image, tiles, selected, options, key)
    return chosen_name(_component(data=payload, key=key, on_choose_change=told).choose, names)


def chosen_name(value: object, names: set[str]) -> str | None:
    """The browser's answer, if it names a tile."""
    return value if isinstance(value, str) and value in names else None


def gallery_payload(
    image: DisplayImage, tiles: Sequence[Tile], selected: str, options: GalleryOptions, key: str
) -> bytes:
    """Everything that the browser draws from, as one payload; the maps are the blobs map0, map1, ..."""
    signed = options.signed
    common = max((scale_top(tile.values, signed) for tile in tiles if tile.vmax is None), default=0.0)
    kind = kind_of(-1.0 if signed else 0.0)
    header = {
        "image": image_header(image),
        "tiles": [
            {"name": tile.name}
            | map_header(tile.values, common if tile.vmax is None else tile.vmax, signed, tile.message)
            for tile in tiles
        ],
        "selected": selected,
        "settings": options.settings_of or key,
        "fill": options.fill,
        "scales": scale_header(kind),
    }
    maps = {f"map{i}": map_bytes(tile.values) for i, tile in enumerate(tiles)}
    return pack(header, {"image": image.data, "scales": tables(kind), **maps})
