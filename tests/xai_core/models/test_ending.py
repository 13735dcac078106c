"""A network that answers with probabilities is read up to its scores, or refused: never shown as 0.43 for its 0.86."""

from collections.abc import Callable

import cloudpickle
import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import xai_core as xai
from tests.networks import Small, tiny_swin, tiny_vit
from tests.xai_core.models.sources.onnx.exports import exported
from xai_core.errors import ModelError
from xai_core.models.ending import find_ending
from xai_core.models.load import loaded
from xai_core.models.structure import structure_digest
from xai_core.types import LoadedModel, ModelConfig, ResizeRule

HOW = {"input_size": (32, 32), "mean": (0.5,) * 3, "std": (0.5,) * 3, "class_names": ["cat", "dog", "bird"]}
Function = Callable[[Tensor], Tensor]


class Ended(nn.Module):
    """Small, and a function of its scores."""

    def __init__(self, ending: Function) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.network, self.ending = Small(), ending

    def forward(self, x: Tensor) -> Tensor:
        return self.ending(self.network(x))


SOFTMAX: dict[str, Function] = {
    "module": nn.Softmax(dim=1),
    "method": lambda scores: scores.softmax(-1),
    "functional": lambda scores: F.softmax(input=scores, dim=1),
    "reshaped": lambda scores: torch.softmax(scores[:, :, None, None], 1).flatten(1),
    "clipped as Keras does": lambda scores: scores.softmax(1).clamp(1e-7, 1 - 1e-7),
    "logarithm": nn.LogSoftmax(dim=1),
    "logarithm taken back": lambda scores: F.log_softmax(scores, 1).exp(),
}
SIGMOID: dict[str, Function] = {
    "module": nn.Sigmoid(),
    "method": lambda scores: scores.sigmoid(),
    "in place": lambda scores: torch.sigmoid_(scores * 1),
    "expit": torch.special.expit,
    "logarithm": nn.LogSigmoid(),
}
UNKNOWN: dict[str, Function] = {
    "softmax by hand": lambda scores: scores.exp() / scores.exp().sum(1, keepdim=True),
    "mean of two": lambda scores: (scores.softmax(1) + (2 * scores).softmax(1)) / 2,
    "mixed classes": lambda scores: scores.softmax(1) @ torch.tensor([[1, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]]),
    "both sides of a sigmoid": lambda scores: torch.stack([scores[:, 0].sigmoid(), (-scores[:, 0]).sigmoid()], 1),
    "hard sigmoid": F.hardsigmoid,
    "tanh between 0 and 1": lambda scores: scores.tanh() * 0.5 + 0.5,
    "clamp": lambda scores: scores.clamp(0, 1),
}
SCORES: dict[str, Function] = {
    "plain": lambda scores: scores,
    "scaled": lambda scores: scores * 0.01,
    "rectified": F.relu,
    "cosines": lambda scores: F.normalize(scores, dim=1),
}


def wrapped(ending: Function, **how: object) -> LoadedModel:
    return xai.wrap_model(Ended(ending).eval(), **HOW | how)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", SOFTMAX)
def test_a_final_softmax_is_taken_off_however_it_is_written(form: str) -> None:
    network = Ended(SOFTMAX[form]).eval()
    model, image = xai.wrap_model(network, **HOW), xai.load_sample("cat")  # type: ignore[arg-type]
    told = xai.predict(model, image)
    with torch.no_grad():
        inputs = xai.prepare(model.config, image).tensor
        own, scores = network(inputs)[0], network.network(inputs)[0]
    np.testing.assert_allclose(told.scores, scores, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(told.probabilities, own.exp() if form == "logarithm" else own, rtol=1e-4, atol=1e-6)
    assert model.config.answer.kind == "one"
    assert model.config.notes == ("The final softmax was taken off, so that maps explain the score before it.",)


@pytest.mark.parametrize("form", SIGMOID)
def test_a_final_sigmoid_is_taken_off_and_each_class_stands_alone(form: str) -> None:
    model = wrapped(SIGMOID[form])
    told = xai.predict(model, xai.load_sample("cat"))
    with torch.no_grad():
        scores = Ended(nn.Identity()).eval()(xai.prepare(model.config, xai.load_sample("cat")).tensor)[0]
    np.testing.assert_allclose(told.probabilities, scores.sigmoid(), rtol=1e-5)
    assert model.config.answer.kind == "several"


@pytest.mark.parametrize("form", ["method", "module"])
def test_maps_are_those_of_the_network_without_its_ending(form: str) -> None:
    plain, ended = wrapped(nn.Identity()), wrapped(SOFTMAX[form])
    for method in ("grad_cam", "cam", "gradient", "guided_backprop", "eigen_cam", "occlusion"):
        mine, theirs = (
            xai.explain(m, xai.load_sample("cat"), method=method, layers=["network.last"], classes=[0, 2])
            for m in (ended, plain)
        )
        for layer, maps in theirs.maps.items():
            np.testing.assert_allclose(mine.maps[layer], maps, rtol=1e-4, atol=1e-7)
    assert structure_digest(ended.module) != structure_digest(plain.module)
    assert [layer.name for layer in xai.layers(ended)] == [layer.name for layer in xai.layers(plain)]


@pytest.mark.parametrize("form", UNKNOWN)
def test_probabilities_whose_scores_cannot_be_known_are_refused(form: str) -> None:
    with pytest.raises(ModelError, match=r"as probabilities do, .* return the scores before the s\w+\.$"):
        wrapped(UNKNOWN[form])


@pytest.mark.parametrize("form", SCORES)
def test_scores_stay_as_they_are(form: str) -> None:
    model = wrapped(SCORES[form])
    assert (model.config.answer.kind, model.config.notes) == ("one", ())
    assert "forward" not in vars(model.module)


@pytest.mark.parametrize("make", [tiny_swin, tiny_vit])
def test_a_softmax_inside_is_no_ending(make: Callable[[], nn.Module]) -> None:
    assert find_ending(make(), (1, 3, 32, 32)) is None


def test_what_its_owner_says_against_the_ending_is_refused() -> None:
    with pytest.raises(ModelError, match=r"ends in a sigmoid, and the answer's kind is 'one'; give 'several'"):
        wrapped(nn.Sigmoid(), answer="one")
    with pytest.raises(ModelError, match=r"ends in a softmax, and the answer's kind is 'several'; give 'one'"):
        wrapped(nn.Softmax(1), answer="several")
    assert wrapped(nn.Sigmoid(), answer="several").config.answer.kind == "several"
    assert wrapped(nn.Identity(), answer="several").config.answer.kind == "several"


def test_the_network_itself_stays_and_a_copy_travels() -> None:
    network = Ended(nn.Softmax(1)).eval()
    model = xai.wrap_model(network, **HOW)  # type: ignore[arg-type]
    inputs = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert "forward" not in vars(network)
    torch.testing.assert_close(network(inputs).sum(1), torch.ones(2))
    parcel = cloudpickle.loads(cloudpickle.dumps(model))
    torch.testing.assert_close(parcel.module(inputs), network.network(inputs))
    torch.testing.assert_close(model.module(inputs), network.network(inputs))


def test_every_source_gets_its_networks_so() -> None:
    grey, names = (0.5,) * 3, ("a", "b", "c")
    config = ModelConfig("toy/one", "Toy", "made up", "none", (32, 32), grey, grey, ResizeRule(None), names)
    model = loaded(config, Ended(SOFTMAX["method"]), torch.device("cpu"))
    assert model.config.notes == ("The final softmax was taken off, so that maps explain the score before it.",)
    with pytest.raises(ModelError, match="as probabilities do"):
        loaded(config, Ended(UNKNOWN["mean of two"]), torch.device("cpu"))


class Both(nn.Module):
    """As Ultralytics' classifiers answer in eval mode: probabilities first, then the scores."""

    def __init__(self, kind: type) -> None:
        super().__init__()
        self.network, self.kind = Small(), kind

    def forward(self, x: Tensor) -> object:
        scores = self.network(x)
        found = {"probs": scores.softmax(1), "scores": scores}
        return found if self.kind is dict else tuple(found.values())


@pytest.mark.parametrize(("kind", "place"), [(tuple, "output[1]"), (dict, "output['scores']")])
def test_the_advice_names_the_scores_and_not_the_probabilities(kind: type, place: str) -> None:
    model = xai.wrap_model(Both(kind).eval(), **HOW)  # type: ignore[arg-type]
    with pytest.raises(ModelError) as told:
        xai.predict(model, xai.load_sample("cat"))
    assert f"such as {place}," in str(told.value)


def _with_node(data: bytes, *kinds: str) -> bytes:
    """The same file with operators behind its answer."""
    model = onnx.load_model_from_string(data)
    name = model.graph.output[0].name
    for number, kind in enumerate(kinds):
        model.graph.node.append(onnx.helper.make_node(kind, [name], [f"more{number}"], name=f"more/{kind}"))
        name = f"more{number}"
    model.graph.output[0].name = name
    return model.SerializeToString()


def test_onnx_probabilities_are_read_up_to_the_scores_or_refused() -> None:
    data = exported(Ended(nn.Softmax(1)).eval(), 17)
    behind = xai.open_onnx(_with_node(data, "Identity"))
    inputs = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(behind.module(inputs), Ended(nn.Identity()).eval()(inputs), rtol=1e-4, atol=1e-5)
    with pytest.raises(ModelError, match=r"as probabilities do, and maps explain scores"):
        xai.open_onnx(exported(Ended(UNKNOWN["softmax by hand"]).eval(), 17))
    with pytest.raises(ModelError, match=r"its softmax gives|as probabilities do"):
        xai.open_onnx(exported(Ended(SOFTMAX["clipped as Keras does"]).eval(), 17))
