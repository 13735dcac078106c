"""Errors that carry one clear sentence for the person at the screen.

Every message says what was given, what is allowed and what to do next.
"""


class SightlineError(Exception):
    """Base of all refusals; `str(error)` is fit to be shown to a user as it is."""


class ImageError(SightlineError):
    """The bytes given cannot be read as a picture within the limits."""


class ModelError(SightlineError):
    """A model cannot be found, loaded, downloaded or run."""


class LayerError(SightlineError):
    """A layer does not exist, did not run, or has no spatial output."""


class ClassError(SightlineError):
    """A class index lies outside the model's classes."""


class NotApplicable(SightlineError):
    """The method has no meaning for this model; the message gives the reason."""


class SettingError(SightlineError, ValueError):
    """A setting does not exist, lies outside its range, or contradicts another."""


class Cancelled(SightlineError):
    """The user stopped a long computation."""
