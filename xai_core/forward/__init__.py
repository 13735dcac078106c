"""One forward pass, many answers."""
