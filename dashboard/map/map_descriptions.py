"""What the figures of a map mean, in words."""

import math
from collections.abc import Sequence

from dashboard.core.plain_text import plainly
from xai_core.embedding.projection import Projection
from xai_core.embedding.quality import Agreement, Quality
from xai_core.render.recipe import percent

_TOLD = 3  # classes of a selection
_APART = 0.5  # of the way from chance to certainty


def cell(value: object) -> str:
    """A value of a list's column as it is written; "" for none."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.15g}"
    return str(value)


def quality_in_words(found: Quality) -> str:
    """One line under the map."""
    drawn = "" if found.sampled == found.total else f" (on {found.sampled:,} pictures drawn by lot)"
    line = (
        f"**How far to trust this map:** trustworthiness {found.trustworthiness:.3f} of 1{drawn} · "
        f"{percent(found.kept)} of the {found.k} true neighbours are neighbours here too"
    )
    if found.accuracy_space is None or found.accuracy_map is None:
        return line + "."
    return (
        f"{line} · the {found.k} nearest tell the class right for {100 * found.accuracy_space:.1f} % in the space, "
        f"{100 * found.accuracy_map:.1f} % on the map."
    )


def mix_in_words(names: Sequence[str], counts: Sequence[int], total: int) -> str:
    """The largest classes of `total` pictures with their shares, of the others how many there are. Most first."""
    told = [f"{plainly(name)} ({percent(count / total)})" for name, count in zip(names, counts, strict=True)][:_TOLD]
    if len(names) > _TOLD:
        rest = len(names) - _TOLD
        told.append(f"{rest} other {'class' if rest == 1 else 'classes'}")
    return " · ".join(told)


def agreement_in_words(found: Agreement, name: str, k: int) -> str:
    """Whether the network keeps the kinds of a colouring apart. name: what they are kinds of."""
    line = (
        f"**{name}:** of each picture's {k} nearest in the space, {percent(found.share)} are of its own kind; "
        f"by chance it would be {percent(found.chance)}."
    )
    if found.share - found.chance < _APART * (1 - found.chance):
        return line
    return f"{line} The network keeps the kinds apart; where they should not matter, it may lean on what parts them."


def caveat(projection: Projection) -> str:
    """What a reader of this kind of map must not conclude."""
    if projection.method != "pca":
        return "Distances between clusters, and their sizes, mean little in t-SNE and UMAP: read who is next to whom."
    shares = projection.settings["variance"]
    total = sum(shares) if isinstance(shares, list) else 0.0
    return (
        f"PCA shows {percent(total)} of the variance: distances are true to scale, but what lies behind each other "
        "falls on one spot."
    )


def strangeness_in_words(share: float, name: str) -> str:
    """share: of the table's pictures that lie closer to their neighbours."""
    if share > 0.99:
        many = "any of them is" if share == 1 else f"{percent(share).replace('> ', 'more than ')} of them are"
        return (
            f"**{name} is unlike the pictures of this map**: it lies farther from its nearest than {many} from "
            "theirs. Where it stands says little."
        )
    if share > 0.9:
        return f"{name} lies at the edge of what the map holds: farther out than {percent(share)} of its pictures."
    many = "all" if share == 0 else percent(1 - share)
    return f"{name} is like the pictures of this map: {many} of them lie as far or farther from their nearest."
