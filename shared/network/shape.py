"""What flows between layers: planes over two axes, and what each cell sees of the network's input."""

from dataclasses import dataclass, replace
from typing import TypeVar

from torch import Tensor

Cells = TypeVar("Cells", int, Tensor)


def slid(extent: Cells, kernel: int, stride: int = 1, pad: int = 0) -> Cells:
    """Places at which a window fits as it slides: floor((m - n) / s) + 1, odd rows left over dropped."""
    return (extent + 2 * pad - kernel) // stride + 1


@dataclass(frozen=True)
class Axis:
    """One axis of a map, and its cells' receptive field along it, in cells of the network's input.

    Attributes:
        extent: Cells; None where it varies from sample to sample.
        start: The first input cell that cell 0 sees; negative where that lies in the padding.
        size: How many input cells a cell sees; None for all of an axis that varies.
        stride: Input cells from what one cell sees to what its neighbour sees.
    """

    extent: int | None
    start: int = 0
    size: int | None = 1
    stride: int = 1

    def slide(self, kernel: int, stride: int = 1, pad: int = 0) -> "Axis":
        """The axis after a window of ``kernel`` cells has slid along it."""
        return Axis(
            extent=None if self.extent is None else slid(self.extent, kernel, stride, pad),
            start=self.start - pad * self.stride,
            size=None if self.size is None else self.size + (kernel - 1) * self.stride,
            stride=self.stride * stride,
        )

    def span(self) -> "Axis":
        """The axis after a window as long as itself: one cell that sees what all cells saw."""
        if self.extent is None:
            return Axis(1, start=0, size=None, stride=self.stride)
        return self.slide(self.extent)

    def join(self, other: "Axis") -> "Axis":
        """The axis of two maps side by side: a cell sees the stretch around what either sees."""
        start = min(self.start, other.start)
        size = (
            None
            if self.size is None or other.size is None
            else max(self.start + self.size, other.start + other.size) - start
        )
        return replace(self, start=start, size=size)

    def sees(self, cell: int, extent: int) -> range:
        """The cells of an input of ``extent`` cells that a cell sees (Araujo et al. 2019, section 3)."""
        if self.size is None:
            return range(extent)
        first = self.start + cell * self.stride
        return range(max(first, 0), min(first + self.size, extent))


@dataclass(frozen=True)
class Shape:
    """The shape of one sample between two layers.

    Attributes:
        planes: Planes of a map; features of a vector.
        axes: The two axes; those of a vector have one cell each.
        flat: Whether it is a vector.
        windows: The sequence of windows, each a map or a vector of this shape; None outside of windows.
    """

    planes: int
    axes: tuple[Axis, Axis]
    flat: bool = False
    windows: Axis | None = None

    @property
    def extent(self) -> tuple[int | None, int | None]:
        """Cells along the two axes."""
        return self.axes[0].extent, self.axes[1].extent

    @property
    def varying(self) -> int | None:
        """The axis (0 or 1) whose extent differs between samples."""
        return self.extent.index(None) if None in self.extent else None

    def sees(self, cell: tuple[int, int], extent: tuple[int, int], window: int = 0) -> tuple[range, range]:
        """The box of an input of ``extent`` cells that a cell (of a window) sees: rows and columns."""
        rows, columns = self.axes
        if self.windows is not None and columns.size is not None:
            columns = replace(columns, start=columns.start + window * self.windows.stride)
        return rows.sees(cell[0], extent[0]), columns.sees(cell[1], extent[1])

    def __str__(self) -> str:
        """As error messages say it: ``48 planes of 19×19``."""
        rows, columns = ("any" if cells is None else cells for cells in self.extent)
        text = f"{self.planes} features" if self.flat else f"{self.planes} planes of {rows}×{columns}"
        return text if self.windows is None else f"windows of {text}"
