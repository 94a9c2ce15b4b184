"""A user's image files and known datasets as arrays."""

from domains.image.reading.datasets import digits
from domains.image.reading.folder import HINT, read_images
from domains.image.reading.images import Images
from domains.image.reading.sources import SOURCES

__all__ = ["HINT", "SOURCES", "Images", "digits", "read_images"]
