"""What is computed once and kept: for all visitors within a budget in memory, and on this machine's disk."""
