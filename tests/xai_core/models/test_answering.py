"""A yes or no, a measure, one output of several: what is explained, against peers and by hand."""

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import BinaryClassifierOutputTarget
from torch import Tensor, nn

import xai_core as xai
from xai_core.attribution.catalog import METHODS
from xai_core.errors import ModelError, NotApplicable
from xai_core.models.sources.config_file import carded, read_config, write_config
from xai_core.render.recipe import recipe_line
from xai_core.types import LoadedModel


class Network(nn.Module):
    """Two convolutions, an average and a linear layer, and what is done with its answer."""

    def __init__(self, outputs: int, last: Callable[[Tensor], object] = torch.Tensor.contiguous) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 5, 2), nn.Conv2d(8, 8, 3, 2)
        self.act, self.relu, self.fc, self.last = nn.ReLU(), nn.ReLU(), nn.Linear(8, outputs), last

    def forward(self, images: Tensor) -> object:
        maps = self.relu(self.second(self.act(self.first(images))))
        return self.last(self.fc(maps.mean((2, 3))))


def network(outputs: int, last: Callable[[Tensor], object] = torch.Tensor.contiguous) -> Network:
    torch.manual_seed(3)
    return Network(outputs, last).eval()


def wrapped(module: nn.Module, *names: str, **said: object) -> LoadedModel:
    kind = said.pop("answer", None)
    return xai.wrap_model(module, input_size=(64, 64), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=names, answer=kind)


@pytest.fixture(scope="module")
def cat() -> xai.SourceImage:
    return xai.load_sample("cat")


def test_a_logit_speaks_for_yes_and_its_negative_for_no(cat: xai.SourceImage) -> None:
    model = wrapped(network(1), "benign", "malignant")
    given = xai.prepare(model.config, cat).tensor
    with torch.no_grad():
        logit = float(network(1)(given))
    prediction = xai.predict(model, cat)
    assert model.config.answer.kind == "yes_no"
    assert prediction.scores == pytest.approx([-logit, logit])
    assert prediction.probabilities == pytest.approx([1 / (1 + np.exp(logit)), 1 / (1 + np.exp(-logit))])


@pytest.mark.parametrize("category", [0, 1])
def test_a_yes_or_no_has_the_maps_of_pytorch_grad_cam(cat: xai.SourceImage, category: int) -> None:
    model, original = wrapped(network(1), "no", "yes"), network(1)
    given = xai.prepare(model.config, cat).tensor
    with GradCAM(original, [original.relu]) as peer:
        wanted = peer(given, [BinaryClassifierOutputTarget(category)])[0]
    found = xai.class_maps(model.module, given, ["relu"], [category])["relu"]
    drawn = torch.nn.functional.interpolate(found, (64, 64), mode="bilinear")[0, 0].numpy()
    scale = drawn.max() or 1.0
    assert np.abs(drawn / scale - wanted).max() < 0.02  # it resizes by OpenCV, and scales before


def test_a_measure_and_a_yes_have_the_maps_of_captum(cat: xai.SourceImage) -> None:
    original = network(1)
    model, binary = wrapped(network(1), "age"), wrapped(network(1), "no", "yes")
    given = xai.prepare(model.config, cat).tensor
    wanted = LayerGradCam(original, original.relu).attribute(given, target=0)[0, 0].detach().numpy()
    up = xai.explain(model, cat, layers=["relu"])
    assert up.maps["relu"][0] == pytest.approx(wanted, rel=1e-4, abs=1e-8)
    down, yes = xai.explain(binary, cat, layers=["relu"], classes=[0, 1]).maps["relu"]
    assert yes == pytest.approx(wanted, rel=1e-4, abs=1e-8)
    assert down == pytest.approx(-wanted, rel=1e-4, abs=1e-8)


def test_a_measure_is_never_a_probability(cat: xai.SourceImage) -> None:
    model = wrapped(network(1), "age", answer=xai.Answer("number", "years"))
    prediction, result = xai.predict(model, cat), xai.explain(model, cat)
    assert np.isnan(prediction.probabilities).all()
    line = recipe_line(result, "Grad-CAM", next(iter(result.maps)))
    assert "probability" not in line
    assert f"answer {prediction.scores[0]:.4g} years".replace("-", "−") in line
    with pytest.raises(NotApplicable, match="A measure has no probability"):
        xai.explain(model, cat, score="log_probability")


def test_of_several_measures_the_first_is_explained_first(cat: xai.SourceImage) -> None:
    model = wrapped(network(3), "age", "dose", "score", answer="number")
    assert [one.name for one in xai.predict(model, cat).top(2)] == ["age", "dose"]
    assert xai.explain(model, cat).class_names == ("age",)


@pytest.mark.parametrize("names", [("no", "yes"), ("age",)])
def test_every_method_explains_it(cat: xai.SourceImage, names: tuple[str, ...]) -> None:
    model = wrapped(network(1), *names)
    for method in METHODS:
        if method.reason_not(model.module, (1, 3, 64, 64)) is not None:
            continue
        result = xai.explain(model, cat, method.key, ["relu"] if method.reads_layers else None)
        assert all(np.isfinite(maps).all() for maps in result.maps.values()), method.key


def test_cam_finds_the_head_of_a_single_output(cat: xai.SourceImage) -> None:
    model = wrapped(network(1), "no", "yes")
    cam, grad_cam = (xai.explain(model, cat, key, ["relu"], [0, 1]).maps["relu"] for key in ("cam", "grad_cam"))
    assert cam == pytest.approx(grad_cam * cam[0].size, rel=1e-3, abs=1e-6)


def test_trust_checks_a_yes_or_no_whole_and_of_a_measure_what_applies(cat: xai.SourceImage) -> None:
    binary, measure = wrapped(network(1), "no", "yes"), wrapped(network(1), "age")
    whole = xai.trust(binary, cat, xai.explain(binary, cat, layers=["relu"]))
    assert whole.checks.complete
    part = xai.trust(measure, cat, xai.explain(measure, cat, layers=["relu"]))
    assert set(part.levels) == {"parameter_randomisation", "resolution"}
    assert part.checks.complete
    assert not part.checks.whole
    assert part.verdict.level != "good"


@pytest.mark.parametrize(
    ("last", "output"),
    [
        (lambda scores: {"logits": scores, "aux": scores * 0}, "logits"),
        (lambda scores: (scores * 0, scores), "1"),
        (lambda scores: {"heads": [scores * 0, scores]}, "heads.1"),
        (lambda scores: {"logits": scores.softmax(1), "aux": scores * 0}, "logits"),
    ],
    ids=["dict", "tuple", "nested", "with an ending"],
)
def test_one_output_of_several_is_read(cat: xai.SourceImage, last: Callable[[Tensor], object], output: str) -> None:
    plain = wrapped(network(3), "a", "b", "c")
    model = wrapped(network(3, last), "a", "b", "c", answer=xai.Answer(output=output))
    assert xai.predict(model, cat).scores == pytest.approx(xai.predict(plain, cat).scores, abs=1e-6)
    found, wanted = (xai.explain(m, cat, layers=["relu"], classes=[0, 2]).maps["relu"] for m in (model, plain))
    assert found == pytest.approx(wanted, abs=1e-7)


class LikeVector:
    """pytorch-grad-cam's target for embeddings: the cosine with a given one."""

    def __init__(self, vector: Tensor) -> None:
        self.vector = vector

    def __call__(self, output: Tensor) -> Tensor:
        return torch.nn.functional.cosine_similarity(output, self.vector, dim=0)


def test_likeness_is_the_cosine_and_its_maps_are_pytorch_grad_cams(cat: xai.SourceImage) -> None:
    original, coffee = network(5), xai.load_sample("coffee")
    model = wrapped(network(5), *"abcde", answer="embedding")
    like = xai.similar_to(model, [coffee, cat])
    given, there = (xai.prepare(model.config, image).tensor for image in (cat, coffee))
    with torch.no_grad():
        own, other = original(given)[0], original(there)[0]
    cosine = float(torch.nn.functional.cosine_similarity(own, other, dim=0))
    assert xai.predict(like, cat).scores == pytest.approx([cosine, 1], abs=1e-5)
    assert like.config.class_names == (coffee.name, cat.name)
    with GradCAM(original, [original.relu]) as peer:
        wanted = peer(given, [LikeVector(other)])[0]
    found = xai.class_maps(like.module, given, ["relu"], [0])["relu"]
    drawn = torch.nn.functional.interpolate(found, (64, 64), mode="bilinear")[0, 0].numpy()
    assert np.abs(drawn / (drawn.max() or 1.0) - wanted).max() < 0.02
    assert xai.predict(model, cat).scores == pytest.approx(own.numpy(), abs=1e-6)  # the model itself is as it was


def test_an_embedding_alone_explains_nothing_and_says_what_to_do(cat: xai.SourceImage) -> None:
    model = wrapped(network(5), *"abcde", answer="embedding")
    with pytest.raises(NotApplicable, match=r"xai\.similar_to\(model, \[image\]\)"):
        xai.explain(model, cat)
    with pytest.raises(xai.ImageError, match="at least one"):
        xai.similar_to(model, [])
    twice = xai.similar_to(model, [cat, cat])
    assert len(set(twice.config.class_names)) == 2
    with pytest.raises(ModelError, match="compares with pictures already"):
        xai.similar_to(twice, [cat])


def test_what_is_missing_or_contradicts_is_said(cat: xai.SourceImage) -> None:
    several = network(3, lambda scores: {"logits": scores, "aux": scores * 0})
    with pytest.raises(ModelError, match=r"answer=xai.Answer\(output='logits'\)"):
        xai.predict(wrapped(several, "a", "b", "c"), cat)
    with pytest.raises(ModelError, match=r"no output “head”.*“logits” \(3,\), “aux” \(3,\)"):
        xai.predict(wrapped(several, "a", "b", "c", answer=xai.Answer(output="head")), cat)
    with pytest.raises(ModelError, match="a single number, and the network gives 3"):
        wrapped(network(3), "no", "yes", answer="yes_no")
    with pytest.raises(ModelError, match="a single number; give one name"):
        wrapped(network(1), "a", "b", "c")
    with pytest.raises(ModelError, match="ends in a sigmoid"):
        wrapped(network(1, nn.Sigmoid()), "age", answer="number")


def test_a_single_sigmoid_is_a_yes_or_no_before_it(cat: xai.SourceImage) -> None:
    model = wrapped(network(1, nn.Sigmoid()), "p")
    assert (model.config.answer.kind, model.config.class_names) == ("yes_no", ("no", "yes"))
    assert xai.predict(model, cat).scores == pytest.approx(xai.predict(wrapped(network(1), "no", "yes"), cat).scores)


def test_another_card_makes_a_measure_of_it_and_back(cat: xai.SourceImage) -> None:
    measure = carded(wrapped(network(1), "value"), wrapped(network(1), "value").config, "own/")
    config = replace(measure.config, answer=xai.Answer("yes_no"), class_names=("no", "yes"))
    binary = carded(measure, config, "own/")
    again = carded(binary, measure.config, "own/")
    assert [len(xai.predict(model, cat).scores) for model in (measure, binary, again)] == [1, 2, 1]
    assert measure.digest == binary.digest == again.digest
    assert len({measure.config.key, binary.config.key}) == 2


@pytest.mark.parametrize("answer", [xai.Answer("number", "years"), xai.Answer("one", output="logits"), xai.Answer()])
def test_the_card_keeps_the_answer(answer: xai.Answer) -> None:
    names = ("age",) if answer.kind == "number" else ("a", "b")
    config = replace(wrapped(network(2), "a", "b").config, answer=answer, class_names=names)
    assert read_config(write_config(config), config.key).answer == answer


def test_cards_of_before_are_read() -> None:
    text = "class_names: [a, b]\ninput_size: [8, 8]\nmean: [0.5]\nstd: [0.5]\nlabels: several\n"
    assert read_config(text, "own/x").answer == xai.Answer("several")
    with pytest.raises(ModelError, match="kind must be"):
        read_config(f"{text}answer: {{kind: mask}}\n", "own/x")


def test_weights_with_one_output_open_as_either(cat: xai.SourceImage) -> None:
    torch.manual_seed(0)
    original, file = torchvision.models.resnet18(num_classes=1).eval(), io.BytesIO()
    torch.save(original.state_dict(), file)
    measure = xai.open_checkpoint(file.getvalue(), class_names=["age"])
    binary = xai.open_checkpoint(file.getvalue(), class_names=["no", "yes"])
    with torch.no_grad():
        value = float(original(xai.prepare(measure.config, cat).tensor))
    assert xai.predict(measure, cat).scores == pytest.approx([value], rel=1e-4)
    assert xai.predict(binary, cat).scores == pytest.approx([-value, value], rel=1e-4)
