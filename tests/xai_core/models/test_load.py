import pytest
import torch

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
        expected = network(xai.prepare(model.card, image, model.device).tensor)[0]
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
