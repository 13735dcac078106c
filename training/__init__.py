"""How the bundled weights were made: runnable, seeded, one file a model."""
