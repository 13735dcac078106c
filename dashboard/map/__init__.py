"""The Map page: how a network organises pictures, from the table of vectors to the list of suspects."""
