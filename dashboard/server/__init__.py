"""The server around the pages: start, login, headers, audit, and `dashboard.serve`."""
