"""Settings that must stand before torch is imported."""

import os

# Threads that spin while they wait make small runs several times slower on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
