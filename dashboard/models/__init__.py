"""The Models page: opening a file of weights, its card, checking both, and looking into any network."""
