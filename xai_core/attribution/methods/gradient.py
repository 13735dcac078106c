"""The gradient of the score with respect to every pixel (Simonyan, Vedaldi, Zisserman 2014, section 3)."""

from xai_core.attribution.by_input_gradient import FINE_BUT_NOISY, by_input_gradient
from xai_core.attribution.method import Method

METHOD = Method(
    key="gradient",
    title="Gradient",
    paper="Simonyan et al., Deep Inside Convolutional Networks: Visualising Image Classification Models, ICLR 2014",
    about="Each pixel counts by how much a small change of it would raise the class score; the colours are summed.",
    reading="The stronger the colour of a pixel, the more a small change of it {raises} the score of this class."
    + FINE_BUT_NOISY,
    answer=by_input_gradient("gradient"),
    target="pixel",
    rule="gradient",
    caveat="It shows what would change the score, not what made it; it is noisy.",
)
