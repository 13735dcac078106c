"""Taking results along: files that other programs of the clinic and the laboratory read."""
