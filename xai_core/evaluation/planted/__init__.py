"""Pictures whose evidence is known because it was planted, networks trained on them, and scores of maps against it."""
