"""DeconvNet: what is positive passes back through every ReLU, active or not (Zeiler & Fergus 2014)."""

from xai_core.attribution.by_input_gradient import by_input_gradient
from xai_core.attribution.method import Method
from xai_core.attribution.methods import guided_backprop
from xai_core.forward.relu_rules import no_relu_reason

METHOD = Method(
    key="deconvnet",
    title="DeconvNet",
    paper="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
    about="The score, carried back to the pixels by the network's own filters, keeping what is positive at each ReLU.",
    reading=guided_backprop.METHOD.reading,
    answer=by_input_gradient("deconv"),
    target="pixel",
    rule="deconv",
    reason_not=no_relu_reason,
    class_sensitive=False,
    caveat="It depends little on the class or on the network's weights (Nie et al. 2018; for guided backpropagation, "
    "Adebayo et al., Sanity Checks for Saliency Maps, 2018); activations other than ReLU keep their plain gradient.",
)
