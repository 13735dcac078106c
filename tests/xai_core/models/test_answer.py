from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

import xai_core as xai
from tests.networks import Small
from xai_core.models.answer import scores_of

SCORES = torch.zeros(2, 3)


class Answering(nn.Module):
    """A network whose forward returns more than its scores, as those of Hugging Face do."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.network, self.answer = Small(), answer

    def forward(self, x: Tensor) -> object:
        return self.answer(self.network(x))


@pytest.mark.parametrize("output", [SCORES, SimpleNamespace(logits=SCORES)])
def test_scores_are_the_output_or_its_logits(output: object) -> None:
    assert scores_of(output, 2) is SCORES


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            {"features": torch.zeros(2, 3, 4), "out": SCORES},
            r"a dict; .* such as output\['out'\], or say which",
        ),
        ((torch.zeros(3, 4), SCORES), r"answers with a tuple; .* such as output\[1\], or say which"),
        ({"loss": torch.zeros(())}, "answers with a dict; .* module whose forward returns them\\."),
        (torch.zeros(2, 3, 4, 4), r"answers with \(2, 3, 4, 4\); .* module whose forward returns them\."),
        (SimpleNamespace(logits=torch.zeros(2)), r"answers with \(2,\); "),
        (None, "answers with a NoneType; "),
    ],
)
def test_anything_else_is_refused_and_the_next_step_is_named(output: object, sentence: str) -> None:
    with pytest.raises(xai.ModelError, match=sentence):
        scores_of(output, 2)


def test_an_answer_with_logits_serves_every_call() -> None:
    torch.manual_seed(0)
    module = Answering(lambda scores: SimpleNamespace(logits=scores)).eval()
    own, other = (
        xai.wrap_model(network, input_size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, class_names="abc")
        for network in (module, module.network)
    )
    digits = xai.open_dataset("digits")
    few = dataclasses.replace(digits, items=digits.items[:3], digest="three")
    assert [layer.name for layer in xai.layers(own)] == [f"network.{layer.name}" for layer in xai.layers(other)]
    for layer in ("last", None):
        found = xai.build_table(own, few, layer and f"network.{layer}").vectors
        assert found.tolist() == xai.build_table(other, few, layer).vectors.tolist()
    maps = xai.explain(own, xai.load_sample("cat"), layers=["network.last"]).maps["network.last"]
    assert maps.tolist() == xai.explain(other, xai.load_sample("cat"), layers=["last"]).maps["last"].tolist()


@pytest.mark.parametrize("call", ["explain", "build_table", "class_maps"])
def test_an_answer_in_a_dict_is_refused_in_the_same_words(call: str) -> None:
    module = Answering(lambda scores: {"logits": scores}).eval()
    model = xai.wrap_model(module, input_size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, class_names="abc")
    calls = {
        "explain": lambda: xai.explain(model, xai.load_sample("cat")),
        "build_table": lambda: xai.build_table(model, xai.open_dataset("digits"), "network.last"),
        "class_maps": lambda: xai.class_maps(module, torch.zeros(1, 3, 16, 16), ["network.last"], [0]),
    }
    with pytest.raises(xai.ModelError, match=r"returns them, such as output\['logits'\]"):
        calls[call]()
