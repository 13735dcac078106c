"""`map_controls`: the viewer's controls on their own, for maps that share one drawing."""

from dashboard.shared.components.viewer.colour import kind_of, scale_header, tables
from dashboard.shared.components.viewer.frontend import register
from dashboard.shared.components.viewer.payload import pack

_component = register("strip", styles=("controls",), parts=("controls",))


def map_controls(settings: str, *, key: str, signed: bool = False, link: str | None = None) -> None:
    """Show opacity, threshold, colour scale and interpolation in a row; they drive all that has this `settings_of`.

    signed: offer the scales for both signs. link: the button hides the maps of the viewers of that link.
    """
    kind = kind_of(-1.0 if signed else 0.0)
    header = {"settings": settings, "kind": kind, "link": link, "scales": scale_header(kind)}
    _component(data=pack(header, {"scales": tables(kind)}), key=key)
