"""The MRI page: a scan, a slice, four diagnoses side by side, and how far to trust them."""
