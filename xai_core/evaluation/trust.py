"""All checks of one map, and the verdict: what the Trust card shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xai_core.attribution.explain import forward_image
from xai_core.attribution.method import INPUT
from xai_core.errors import LayerError, SightlineError
from xai_core.evaluation import checks
from xai_core.evaluation.check import Level
from xai_core.evaluation.familiarity import familiarity_of
from xai_core.evaluation.map_under_test import MapUnderTest
from xai_core.evaluation.verdict import Findings, Verdict, verdict
from xai_core.types import Explanation, LoadedModel, ProgressCallback, SourceImage, no_progress


@dataclass(frozen=True, eq=False)
class Trust:
    """checks: what was found, with its figures. levels: of each check that gives one. verdict: of all together."""

    checks: Findings
    levels: Mapping[str, Level | None]
    verdict: Verdict


def trust(
    model: LoadedModel,
    image: SourceImage,
    result: Explanation,
    layer: str | None = None,
    *,
    on_progress: ProgressCallback = no_progress,
) -> Trust:
    """Put the map of the first class of `result` to every check; each record says how many passes it takes.

    layer: of the result; by default its first. on_progress(done, total), in checks, may raise to stop.
    SightlineError: the result is of another picture or model, or its map is the same everywhere.
    """
    if (result.image_digest, result.weights_digest) != (image.digest, model.digest):
        raise SightlineError("The result is of another picture or another model; explain this picture by this model.")
    name = layer if layer is not None else next(iter(result.maps))
    if name not in result.maps:
        raise LayerError(f"The result has maps of {', '.join(result.maps)}, not of '{name}'.")
    layers = [
        read for read in (name, model.config.default_layer) if read is not None and read != INPUT
    ]  # the second: familiarity
    tested = MapUnderTest(forward_image(model, image, layers), result, name)
    findings, familiar = findings_of(tested, on_progress), familiarity_of(tested.image_pass)
    told = verdict(findings, tested.image_pass.prediction, familiar=familiar is None or familiar.familiar)
    return Trust(findings, findings.levels, told)


def findings_of(tested: MapUnderTest, on_progress: ProgressCallback = no_progress) -> Findings:
    """What every check finds, in their order. on_progress(done, total), in checks, may raise to stop."""
    made = {}
    for done, check in enumerate(checks.CHECKS, start=1):
        made[check.key] = check.run(tested, no_progress)
        on_progress(done, len(checks.CHECKS))
    return Findings(made)
