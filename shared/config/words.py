"""The words of a command line before Hydra reads them."""

from collections.abc import Mapping, Sequence

from hydra._internal.utils import get_args_parser

from shared.config.literal import as_typed
from shared.errors import UserError, nearest


def command_words(given: Sequence[str], stands_for: Mapping[str, str], adds: str | None) -> list[str]:
    """What Hydra gets: flags as they are, overrides as they were meant.

    Args:
        given: As the shell gives them.
        stands_for: Words that stand for an override.
        adds: A section whose keys need no ``+``.

    Raises:
        UserError: A flag that there is none of, such as ``--domain`` for ``domain=``.
    """
    words = [stands_for.get(word, word) for word in given]
    _check_flags(words)
    if adds:
        words = [f"++{word}" if word.startswith(f"{adds}.") else word for word in words]
    return as_typed(words, multirun="-m" in words or "--multirun" in words)


def _check_flags(words: list[str]) -> None:
    parser = get_args_parser()
    flags = [flag for action in parser._actions for flag in action.option_strings]
    for number, word in enumerate(words):
        flag, sign, value = word.partition("=")
        if not flag.startswith("-") or any(known.startswith(flag) for known in flags):
            continue
        name = flag.lstrip("-")
        following = words[number + 1] if number + 1 < len(words) else ""
        value = value if sign else "" if following.startswith("-") or "=" in following else following
        close = nearest(flag, [known for known in flags if known.startswith("--")])
        hint = close if close.startswith("did you mean") and not value else f"write {name}={value or '…'}"
        raise UserError(f"{word}: must be KEY=VALUE or a flag of --help; {hint}")
