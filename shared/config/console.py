"""What commands print: results on standard output, remarks and progress on standard error."""

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar, runtime_checkable

import rich.console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    track,
)


class Console(rich.console.Console):
    """Where a command prints: in a notebook too it is plain text on standard output or standard error."""

    def __init__(self, **options: Any):
        notebook = rich.console.Console().is_jupyter  # which asks for colours, as if it were a terminal
        super().__init__(force_jupyter=False, force_terminal=False if notebook else None, **options)


@runtime_checkable
class _Read(Protocol):
    @property
    def done(self) -> float:
        """The share of the whole that has been read."""


Item = TypeVar("Item")
Part = TypeVar("Part", bound=_Read)
# What is done, how far, and of how much (None: unknown).
Listener = Callable[[str, int | float, int | float | None], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Inside the context, and in its thread alone, progress goes to a function instead of a bar.

    What the function raises ends the work.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def print_line(text: str, *, error: bool = False, console: rich.console.Console | None = None) -> None:
    """Print a text exactly as it is, on one line: names in it come from users, and paths are copied from it.

    ``console`` may be that of a bar, above which the line then appears.
    """
    (console or Console(stderr=error)).print(text, soft_wrap=True, highlight=False, markup=False)


def progress(
    items: Iterable[Item], description: str, total: int | None = None, *, disable: bool = False
) -> Iterable[Item]:
    """The items, with a bar that vanishes after the last; ``total`` is their number where ``len`` fails."""
    if listener := _listener.get():
        return _heard(items, description, total, listener)
    bar = Console(stderr=True)
    return track(items, description, total, console=bar, transient=True, disable=disable)


def _heard(items: Iterable[Item], description: str, total: int | None, listener: Listener) -> Iterator[Item]:
    of = len(items) if total is None and isinstance(items, Sized) else total
    for number, item in enumerate(items):
        listener(description, number, of)
        yield item


def reading(parts: Iterable[Part], description: str) -> Iterator[Part]:
    """The parts of what is read, with a bar of the share that each says is ``done``."""
    if listener := _listener.get():
        for part in parts:
            listener(description, part.done, 1.0)
            yield part
        return
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(description, total=1.0)
        for part in parts:
            yield part
            bar.update(task, completed=part.done)


def progress_bar(*, counted: bool = True) -> Progress:
    """A bar for a long command: description, N of M, the field ``note``, the time passed and the time left.

    With ``counted`` false the total is no number of steps, and a percentage stands for N of M.

    Disabled where standard error is no terminal; lines can be printed above it by its ``console``.
    """
    console = Console(stderr=True)
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn() if counted else TaskProgressColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
