import pytest
import torch
from torch import nn

from tests.networks import Small
from xai_core.errors import ClassError, LayerError, ModelError
from xai_core.forward.forward_pass import run_forward, score_gradients
from xai_core.forward.target import Target, target_scores


def small() -> Small:
    torch.manual_seed(0)
    return Small().eval()


def test_captured_activation_is_what_the_layer_gave_before_in_place_operations():
    network, inputs = small(), torch.randn(2, 3, 16, 16)
    image_pass = run_forward(network, inputs, ["block"])
    with torch.no_grad():
        expected = network.block(network.stem(inputs))
    assert torch.equal(image_pass.activations["block"], expected)
    assert (expected < 0).any(), "the case must be able to fail: an in-place ReLU would have removed these"


def test_scores_are_those_of_a_plain_forward_pass():
    network, inputs = small(), torch.randn(2, 3, 16, 16)
    image_pass = run_forward(network, inputs, ["stem", "block", "last"])
    with torch.no_grad():
        assert torch.equal(image_pass.scores, network(inputs))


def test_gradients_equal_central_differences():
    network, inputs = small().double(), torch.randn(1, 3, 8, 8, dtype=torch.double)
    image_pass = run_forward(network, inputs, ["last"])
    gradient = score_gradients(image_pass, Target(torch.tensor([[2]])), ["last"])["last"]
    step, activation = 1e-5, image_pass.activations["last"].detach()

    def score(a: torch.Tensor) -> float:
        return network.head(a.mean(dim=(2, 3)))[0, 2].item()

    for place in [(0, 0, 0, 0), (0, 3, 1, 1), (0, 5, 0, 1)]:
        up, down = activation.clone(), activation.clone()
        up[place] += step
        down[place] -= step
        assert gradient[place].item() == pytest.approx((score(up) - score(down)) / (2 * step), rel=1e-6)


def test_parallel_branches_get_gradients_each():
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.fc = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1), nn.Linear(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(torch.cat([self.a(x), self.b(x)], 1).mean((2, 3)))

    network = Branches().eval()
    image_pass = run_forward(network, torch.randn(1, 3, 4, 4), ["a", "b"])
    gradients = score_gradients(image_pass, Target(torch.tensor([[1]])), ["a", "b"])
    assert torch.allclose(gradients["a"], network.fc.weight[1, :4, None, None].expand(1, 4, 4, 4) / 16)
    assert torch.allclose(gradients["b"], network.fc.weight[1, 4:, None, None].expand(1, 4, 4, 4) / 16)


def test_nothing_below_the_shallowest_layer_and_no_parameter_is_on_the_graph():
    network = small()
    image_pass = run_forward(network, torch.randn(1, 3, 16, 16), ["block"])
    assert image_pass.activations["block"].is_leaf
    score_gradients(image_pass, Target(torch.tensor([[0]])), ["block"])
    assert all(p.grad is None for p in network.parameters())


def test_the_callers_gradient_mode_is_restored():
    for mode in (True, False):
        with torch.set_grad_enabled(mode):
            run_forward(small(), torch.randn(1, 3, 16, 16), ["block"])
            assert torch.is_grad_enabled() is mode


def test_it_works_inside_inference_mode():
    network = small()
    with torch.inference_mode():
        image_pass = run_forward(network, torch.randn(1, 3, 16, 16), ["block"])
    assert score_gradients(image_pass, Target(torch.tensor([[0]])), ["block"])["block"].abs().sum() > 0


def test_refusals_say_what_to_do():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.unused, self.fc = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.Linear(3, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.conv(self.conv(x)).mean((2, 3)))

    x = torch.randn(1, 3, 4, 4)
    with pytest.raises(LayerError, match="runs more than once"):
        run_forward(Twice().eval(), x, ["conv"])
    with pytest.raises(LayerError, match="did not run"):
        run_forward(Twice().eval(), x, ["unused"])
    with pytest.raises(LayerError, match="no layer 'nope'"):
        run_forward(Twice().eval(), x, ["nope"])
    with pytest.raises(ModelError, match=r"call module\.eval\(\) first"):
        run_forward(Twice(), x, ["fc"])
    with pytest.raises(ModelError, match="scores"):
        run_forward(nn.Sequential(nn.Conv2d(3, 3, 1)).eval(), x, ["0"])
    with pytest.raises(ClassError, match="classes are 0 to 2"):
        score_gradients(
            run_forward(small(), torch.randn(1, 3, 16, 16), ["block"]), Target(torch.tensor([[3]])), ["block"]
        )


def test_the_explained_number_is_a_logit_a_log_probability_or_a_lead():
    scores = torch.tensor([[1.0, 2.0, 4.0], [0.0, 0.0, 3.0]])
    classes, rivals = torch.tensor([[2], [0]]), torch.tensor([[0], [2]])
    assert target_scores(scores, Target(classes)).tolist() == [[4.0], [0.0]]
    assert target_scores(scores, Target(classes, contrast_class=rivals)).tolist() == [[3.0], [-3.0]]
    expected = torch.log(scores.exp() / scores.exp().sum(1, keepdim=True)).gather(1, classes)
    assert torch.allclose(target_scores(scores, Target(classes, "log_probability")), expected)
    lead = target_scores(scores, Target(classes, "log_probability", rivals))
    assert torch.allclose(lead, torch.tensor([[3.0], [-3.0]])), "the normalisation cancels in a lead"
