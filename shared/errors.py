"""The one kind of error that a user can mend."""


class UserError(Exception):
    """Bad input or configuration: the message names the place, the value and the remedy.

    Commands print it without a traceback and exit with 1; every other exception is a defect of ours.
    """


class PlaceError(UserError):
    """A disk or folder that can be used no longer, whatever else is set: full, moved, removed, read-only."""


def nearest(name: str, legal: list[str]) -> str:
    """``did you mean 'x'?`` for a misspelt name, else the list of the legal ones."""
    import difflib

    close = difflib.get_close_matches(name, legal, n=1)
    return f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(map(str, legal))}"
