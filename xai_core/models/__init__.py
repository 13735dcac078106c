"""Networks: the catalogue, their weights, their layers and what they want as input."""
