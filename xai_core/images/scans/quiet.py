"""Keeping pydicom and nibabel silent: their warnings and log lines quote values, which may name a patient."""

import logging
import warnings

from pydicom import config


def keep_readers_quiet() -> None:
    """Let no warning and no log line of the readers out; what matters of it is said in our own notes and refusals."""
    config.settings.reading_validation_mode = config.IGNORE
    for name in ("pydicom", "nibabel", "highdicom"):
        warnings.filterwarnings("ignore", module=rf"{name}(\.|$)")
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
