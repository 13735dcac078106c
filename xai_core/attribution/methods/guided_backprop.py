"""Guided backpropagation: only positive gradients pass back through active ReLUs (Springenberg et al. 2015)."""

from xai_core.attribution.by_input_gradient import by_input_gradient
from xai_core.attribution.method import Method
from xai_core.forward.relu_rules import no_relu_reason

METHOD = Method(
    key="guided_backprop",
    title="Guided backpropagation",
    paper="Springenberg et al., Striving for Simplicity: The All Convolutional Net, ICLR 2015 workshop",
    about="The gradient, with everything negative removed at every active ReLU on the way back to the pixels.",
    reading="The colours trace lines and textures that the network reacts to. They look nearly the same for every "
    "class, so they are no evidence for or against one.",
    answer=by_input_gradient("guided"),
    target="pixel",
    rule="guided",
    reason_not=no_relu_reason,
    class_sensitive=False,
    caveat="It draws the picture's edges and depends little on the class or on the network's weights (Adebayo et al., "
    "Sanity Checks for Saliency Maps, 2018); activations other than ReLU keep their plain gradient.",
)
