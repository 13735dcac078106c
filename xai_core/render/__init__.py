"""From raw maps to images, words and records."""
