"""A whole set of pictures put to the question: where the model looks, how steadily, and what would do without it."""
