"""A network from a file of weights: read safely, recognise the architecture, build it, fill it."""
