"""The comparison to take along: a line a picture."""

from dashboard.models.versus.model_answers import Joined
from dashboard.models.versus.versus_request import Pair
from xai_core.report.csv_table import csv_table

COLUMNS = ("name", "label", "same answer", "A", "A probability", "A right", "B", "B probability", "B right")
_RIGHT = {1: "yes", 0: "no", -1: ""}


def as_csv(pair: Pair, joined: Joined) -> str:
    """All pictures, in the order of the table; A and B are named in the first line."""
    models = {name: f"{m.config.title} ({m.digest[:8]})" for name, m in zip("AB", pair.models, strict=True)}
    head = [f"{column}: {models[column]}" if column in models else column for column in COLUMNS]
    return csv_table(head, (_cells(joined, row) for row in joined.versus.order.tolist()))


def _cells(joined: Joined, row: int) -> list[object]:
    (a, b), (at_a, at_b), found = joined.tables, (int(rows[row]) for rows in joined.rows), joined.versus
    label = int(a.labels[at_a])
    return [
        str(a.names[at_a]),
        a.class_names[label] if label >= 0 else "",
        ("yes" if found.agree[row] else "no") if found.lists.shared else "",
        a.model_classes[a.predictions[at_a]],
        f"{a.probabilities[at_a]:.6g}",
        _RIGHT[int(found.right_a[row])],
        b.model_classes[b.predictions[at_b]],
        f"{b.probabilities[at_b]:.6g}",
        _RIGHT[int(found.right_b[row])],
    ]
