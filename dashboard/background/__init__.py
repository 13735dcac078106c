"""Long work in the background: shared by all who ask for the same, in fair turns, and it can be stopped."""
