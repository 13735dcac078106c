"""The Bench page: methods against planted truth, and the audit of a set of pictures."""
