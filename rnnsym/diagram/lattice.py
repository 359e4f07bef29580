"""The lattice on which lines run between vertices.

Each column of vertices is three lines of the lattice (left port, centre, right port) with channels
between the columns; each row is one line with channels between the rows.
"""

from rnnsym.diagram.graph import Point
from rnnsym.record import record

__all__ = ["Lattice"]

PORTS = 3


@record
class Lattice:
    """The lines of the lattice: how many channels there are between columns and rows."""

    columns: int
    rows: int
    channels: int

    @property
    def width(self) -> int:
        """Lines across."""
        return self.channels + self.columns * (PORTS + self.channels)

    @property
    def height(self) -> int:
        """Lines down."""
        return self.channels + self.rows * (1 + self.channels)

    def centre(self, column: int, row: int) -> Point:
        """Return the lattice point at the centre of a place."""
        across = self.channels + column * (PORTS + self.channels) + 1
        return across, self.channels + row * (1 + self.channels)

    def column(self, x: int) -> tuple[int, int]:
        """Return the column whose port this line is and which (−1, 0, 1), or −1 and the channel."""
        place, rest = divmod(x - self.channels, PORTS + self.channels)
        return (place, rest - 1) if x >= self.channels and rest < PORTS else (-1, 0)

    def row(self, y: int) -> int:
        """Return the row whose line this is, or −1."""
        place, rest = divmod(y - self.channels, 1 + self.channels)
        return place if y >= self.channels and rest == 0 else -1
