"""Which set of pictures a page works on."""
