"""A user's image files and known datasets as arrays."""

from domains.image.reading.datasets import SOURCES, digits
from domains.image.reading.decode import decode_image
from domains.image.reading.folder import HINT, Images, read_images
