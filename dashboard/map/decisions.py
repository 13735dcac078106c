"""What a person decided about the suspects, for this visit, and the list to take along."""

from dataclasses import dataclass

from dashboard.core.session import StateKey
from dashboard.map.table import Space
from xai_core.report.csv_table import csv_table

DECISIONS = ("", "accept", "dismiss")


@dataclass(frozen=True)
class Decision:
    """verdict: accept, dismiss, or "" for a note alone."""

    verdict: str = ""
    note: str = ""


_DECISIONS = StateKey[dict[str, dict[tuple[str, int], Decision]]]("space_decisions", dict)  # by the table's key


def decisions(space: Space) -> dict[tuple[str, int], Decision]:
    """By kind of suspect and row of this table."""
    return _DECISIONS.get().setdefault(space.key, {})


def decide(space: Space, kind: str, row: int, decision: Decision) -> None:
    """Keep it; an empty one takes an earlier one back."""
    kept = decisions(space)
    if decision == Decision():
        kept.pop((kind, row), None)
    else:
        kept[kind, row] = decision


def as_csv(space: Space) -> str:
    """A line a decision."""
    table, lines = space.table, []
    for (kind, row), decision in sorted(decisions(space).items()):
        label = int(table.labels[row])
        own = [table.class_names[label] if label >= 0 else "", table.model_classes[table.predictions[row]]]
        share = f"{table.probabilities[row]:.6g}"
        lines.append([table.names[row], kind, decision.verdict, decision.note, *own, share])
    return csv_table(["name", "suspected of", "decision", "note", "label", "prediction", "probability"], lines)
