"""Runs another script under limits of the system. Arguments: bytes of memory, seconds, the script, and its arguments.

The limits are set before the script loads a library. Imports nothing of the project.
"""

import runpy
import sys


def limit(memory: int, seconds: int) -> None:
    """At most so many bytes of address space and seconds of CPU, where the system knows such limits."""
    try:
        import resource
    except ImportError:  # Windows has none; there the parent's time limit remains
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    limit(int(sys.argv[1]), int(sys.argv[2]))
    sys.argv = sys.argv[3:]
    runpy.run_path(sys.argv[0], run_name="__main__")
