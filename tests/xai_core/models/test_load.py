from collections.abc import Callable

import pytest
import torch
import torch.nn.utils.prune
from torch import nn

import xai_core as xai
from tests.networks import Small, fingerprint
from xai_core.models.load import weights_digest


def wrapped(network: torch.nn.Module) -> xai.LoadedModel:
    return xai.wrap_model(network, input_size=(16, 16), mean=(0.5,) * 3, std=(0.5,) * 3, class_names=["a", "b", "c"])


def test_wrapping_leaves_the_network_as_it_was_and_copies_no_weights():
    network = Small().train()
    before = fingerprint(network)
    model = wrapped(network)
    assert fingerprint(network) == before
    assert not model.module.training
    assert not any(p.requires_grad for p in model.module.parameters())
    assert model.module.last.weight.data_ptr() == network.last.weight.data_ptr()


def test_wrapped_network_gives_the_same_scores_and_maps():
    network = Small().eval()
    image = xai.load_sample("cat")
    model = wrapped(network)
    result = xai.explain(model, image, classes=[0, 2])
    assert list(result.maps) == ["last"]
    with torch.no_grad():
        expected = network(xai.prepare(model.config, image, model.device).tensor)[0]
    assert xai.predict(model, image).scores.tolist() == pytest.approx(expected.tolist())
    assert result.scores == pytest.approx((expected[0].item(), expected[2].item()))


def test_digest_follows_values_and_names():
    network = Small()
    first = weights_digest(network)
    assert first == weights_digest(network)
    with torch.no_grad():
        network.last.bias[0] += 1
    assert weights_digest(network) != first


def test_wrong_number_of_class_names_is_one_sentence():
    model = xai.wrap_model(Small(), input_size=(16, 16), mean=(0,) * 3, std=(1,) * 3, class_names=["a"])
    with pytest.raises(xai.ModelError, match="3 scores, but its card names 1 classes"):
        xai.predict(model, xai.load_sample("cat"))


def test_scores_that_are_not_numbers_are_refused():
    network = Small()
    with torch.no_grad():
        network.head.bias[1] = float("nan")
    with pytest.raises(xai.ModelError, match="not numbers"):
        xai.predict(wrapped(network), xai.load_sample("cat"))


def _pruned(network: Small) -> None:
    nn.utils.prune.l1_unstructured(network.last, "weight", 0.5)


def _cached(network: Small) -> None:
    network.notes = {"last": [network.last.weight * 2]}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
@pytest.mark.parametrize("prepare", [lambda n: nn.utils.weight_norm(n.last), _pruned, _cached])
def test_tensors_that_carry_a_graph_are_no_hindrance(prepare: Callable[[Small], object]):
    """Old-style weight norms and pruning keep the weight that they compute as an attribute of the layer."""
    network = Small().eval()
    prepare(network)
    before, image = fingerprint(network), xai.load_sample("cat")
    model = wrapped(network)
    with torch.no_grad():
        expected = network(xai.prepare(model.config, image, model.device).tensor)[0]
    assert xai.predict(model, image).scores.tolist() == pytest.approx(expected.tolist())
    result = xai.explain(model, image, layers=["last"], classes=[1])
    inputs = xai.prepare(model.config, image, model.device).tensor
    ours = xai.class_maps(network, inputs, ["last"], [1], relu=False)["last"][0]
    torch.testing.assert_close(torch.from_numpy(result.maps["last"]), ours)
    assert fingerprint(network) == before
    copied = dict(model.module.named_parameters())
    assert all(copied[name].data_ptr() == weight.data_ptr() for name, weight in network.named_parameters())


def test_a_network_that_cannot_be_copied_is_refused_in_words():
    network = Small()
    network.stream = (i for i in range(3))
    with pytest.raises(xai.ModelError, match="cannot be copied"):
        wrapped(network)
