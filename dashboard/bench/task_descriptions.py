"""What the Bench page says about its tasks and measures."""

from xai_core.evaluation.planted.network import Task

WHY = (
    "Nobody knows where a network really looks in a photograph. So we planted the evidence ourselves: here "
    "only the planted thing tells the class. A method that works must find it."
)
TITLES: dict[Task, str] = {
    "shapes": "Shapes",
    "lesions": "Lesions",
    "mosaics": "Four in one",
    "marked": "A cheat",
}
TASKS: dict[Task, str] = {
    "shapes": "**Shapes and textures on real photographs.** Six classes: disc, square, triangle, cross, stripes, dots. "
    "A plain bar lies beside them and means nothing. The network names {accuracy} of new pictures rightly, on "
    "photographs that it has never seen.",
    "lesions": "**Lesions in a real MRI template.** The classes are a ring with a dark core, a solid lesion, and none. "
    "Vessels of the same brightness lie in every slice and mean nothing. The network names {accuracy} of new "
    "slices rightly.",
    "mosaics": "**Four pictures of four classes in one** (grid pointing game). The map of a class should light up its "
    "own quarter. Only pictures of which the network is sure are used.",
    "marked": "**A network that cheats.** In training a small coloured plus in a corner gave the class away. With "
    "the mark it names {accuracy} rightly, without it {without}: it looks at nothing else. An honest map shows the "
    "mark, and that is how you find out.",
}
MEASURES = {
    "pointing": "Pointing game",
    "energy": "Energy",
    "rank": "Rank accuracy",
    "overlap": "Overlap",
}
HELP = {
    "pointing": "How often the strongest place lies in the planted region, or within 15/224 of the picture beside "
    "it (in the mosaics: in the right quarter).",
    "energy": "The share of the positive evidence that lies in the planted region.",
    "rank": "Of as many strongest places as the region has pixels: the share that lies in it.",
    "overlap": "Intersection over union of the region with all places of at least half of the maximum.",
}
VERDICT = (
    "The verdict of the trust card was put to the test as well. Planted truth calls a map good if its strongest place "
    "lies in the region and at least half of the region is among its strongest places, bad if at most a quarter is."
)
LIMITS = (
    "Small networks, pictures of 96 × 96, one planted thing each: a method that fails here is not to be believed "
    "elsewhere; one that works here may still fail elsewhere. Only positive evidence is scored, as "
    "the dashboard draws it."
)
