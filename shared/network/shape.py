"""What flows between layers: channels over two axes, and what each cell sees of the network's input."""

from dataclasses import dataclass, replace
from typing import TypeVar

from torch import Tensor

Cells = TypeVar("Cells", int, Tensor)
WHOLE = range(-(2**62), 2**62)  # the view of cells that see all of an axis, however long it is


def slid(size: Cells, kernel: int, stride: int = 1, pad: int = 0) -> Cells:
    """Places of a window that slides along an axis: floor((m - n) / s) + 1, left-over rows dropped."""
    return (size + 2 * pad - kernel) // stride + 1


@dataclass(frozen=True)
class Axis:
    """One axis of a map, and its cells' receptive field along it, in cells of the network's input.

    Attributes:
        size: Cells; None where it varies from example to example.
        start: The first input cell below cell 0; negative where that lies in the padding.
        field: Input cells below one cell.
        stride: Input cells from one cell's place to the next one's.
        view: The input cells that every cell sees, where that is more than the cells below it.
    """

    size: int | None
    start: int = 0
    field: int = 1
    stride: int = 1
    view: range | None = None

    def slide(self, kernel: int | None, stride: int = 1, pad: int = 0) -> "Axis":
        """The axis after a window of ``kernel`` cells has slid along it; None: one as long as the axis."""
        if kernel is None:
            return replace(self, size=1, view=WHOLE)
        return replace(
            self,
            size=None if self.size is None else slid(self.size, kernel, stride, pad),
            start=self.start - pad * self.stride,
            field=self.field + (kernel - 1) * self.stride,
            stride=self.stride * stride,
        )

    def span(self) -> "Axis":
        """The axis after a window as long as itself: one cell that sees what all cells saw."""
        return self.slide(self.size)

    def whole(self) -> "Axis":
        """The axis after a layer in which every cell sees what all cells saw, and keeps its place."""
        if self.view is not None:
            return self
        if self.size is None:
            return replace(self, view=WHOLE)
        return replace(self, view=range(self.start, self.start + (self.size - 1) * self.stride + self.field))

    def join(self, other: "Axis") -> "Axis":
        """The axis of two maps side by side: a cell sees the stretch around what either sees."""
        start = min(self.start, other.start)
        field = max(self.start + self.field, other.start + other.field) - start
        view = None
        if self.view or other.view:
            views = [axis.whole().view or WHOLE for axis in (self, other)]
            view = range(min(view.start for view in views), max(view.stop for view in views))
        return replace(self, start=start, field=field, view=view)

    def sees(self, cell: int, size: int) -> range:
        """The cells of an input of ``size`` cells that a cell sees (Araujo et al. 2019, section 3)."""
        first = self.start + cell * self.stride
        view = self.view or range(first, first + self.field)
        return range(max(view.start, 0), min(view.stop, size))


@dataclass(frozen=True)
class Shape:
    """The shape of one example between two layers.

    Attributes:
        channels: Channels of a map; features of a vector.
        axes: The two axes; those of a vector have one cell each.
        flat: Whether it is a vector.
        windows: The sequence of windows, each a map or a vector of this shape; None outside of windows.
    """

    channels: int
    axes: tuple[Axis, Axis]
    flat: bool = False
    windows: Axis | None = None

    @property
    def size(self) -> tuple[int | None, int | None]:
        """Cells along the two axes."""
        return self.axes[0].size, self.axes[1].size

    @property
    def varying(self) -> int | None:
        """The axis (0 or 1) whose size differs between examples."""
        return self.size.index(None) if None in self.size else None

    def whole(self) -> "Shape":
        """The same cells after a layer in which each sees all of the map."""
        return replace(self, axes=(self.axes[0].whole(), self.axes[1].whole()))

    def join(self, other: "Shape") -> "Shape":
        """The same cells, each of which sees what it sees in either shape."""
        return replace(self, axes=(self.axes[0].join(other.axes[0]), self.axes[1].join(other.axes[1])))

    def sees(self, cell: tuple[int, int], size: tuple[int, int], window: int = 0) -> tuple[range, range]:
        """The box of an input of ``size`` cells that a cell (of a window) sees: rows and columns."""
        rows, columns = self.axes
        if self.windows is not None:
            shift = window * self.windows.stride
            view = columns.view and range(columns.view.start + shift, columns.view.stop + shift)
            columns = replace(columns, start=columns.start + shift, view=view)
        return rows.sees(cell[0], size[0]), columns.sees(cell[1], size[1])

    def __str__(self) -> str:
        """As in error messages: ``48 channels of 19×19``."""
        rows, columns = ("any" if cells is None else cells for cells in self.size)
        text = f"{self.channels} features" if self.flat else f"{self.channels} channels of {rows}×{columns}"
        return text if self.windows is None else f"windows of {text}"
