"""What a network's filters and units detect."""
