"""A user's image files as arrays."""

from domains.image.reading.decode import SUFFIXES, decode_image
from domains.image.reading.sources import SORT, SOURCES, UNREADABLE, Pictures, digits

__all__ = ["SORT", "SOURCES", "SUFFIXES", "UNREADABLE", "Pictures", "decode_image", "digits"]
