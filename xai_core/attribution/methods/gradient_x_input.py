"""Gradient times input: a first-order estimate of each pixel's share of the score (Shrikumar et al. 2016)."""

from xai_core.attribution.by_input_gradient import FINE_BUT_NOISY, by_input_gradient
from xai_core.attribution.method import Method

METHOD = Method(
    key="gradient_x_input",
    title="Gradient × input",
    paper="Shrikumar et al., Not Just a Black Box: Learning Important Features Through Propagating Activation "
    "Differences, arXiv:1605.01713, 2016",
    about="The gradient of each pixel times its value: what it adds to the score, compared with the mean colour.",
    reading="The stronger the colour of a pixel, the more of the score's difference from a picture of the mean "
    "colour, by a straight line, is put down to it: it {raised} the score." + FINE_BUT_NOISY,
    answer=by_input_gradient("gradient", lambda gradient, inputs: gradient * inputs),
    target="pixel",
    rule="gradient",
    caveat="Pixels near the mean colour count for nothing, whatever they show.",
)
