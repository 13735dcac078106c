"""How a network organises pictures: one pass over the data, one neighbour graph, many answers."""
