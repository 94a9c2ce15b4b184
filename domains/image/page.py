"""Pictures on the page: drawn, dropped or photographed, and as the network sees them."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from domains.image.explain import ImageDomain
from domains.image.module import ImageClassifier
from domains.image.predict import rows_of
from domains.image.reading import decode_image
from shared.app import FileInput, Page, Predicted, Share, Top, View, file_of, text_of
from shared.explain import Example


class ImagePage(Page):
    """A picture file of any format that ``predict.py`` reads, such as the PNG of a canvas."""

    samples = (".png",)
    module: ImageClassifier
    adapter: ImageDomain

    def facts(self) -> dict[str, Any]:
        """The size, the colours, and how a picture is fitted to them."""
        channels, size = self._shape
        return {"size": size, "channels": channels, "fit": self.module.preprocessing.fit}

    def offline(self) -> dict[str, Any]:
        """The same."""
        return self.facts()

    def predict(self, input: FileInput, top: Top = 10, unsure: Share = 0.8) -> Predicted:
        """The likeliest classes."""
        name, pixels, remarks = self._read(input)
        rows = rows_of(self.module, [name], pixels[None], {name: remarks}, top, unsure)
        return {"rows": rows, "view": picture(pixels), "notes": []}

    def example(self, input: FileInput) -> Example:
        """As the layers take it."""
        name, pixels, _ = self._read(input)
        return self.adapter.on(pixels, name)

    def view(self, example: Example) -> View:
        """The pixels."""
        return picture(self.adapter.pixels(example).round().byte().numpy())

    @property
    def channels(self) -> list[str]:
        """The colours."""
        return ["grey"] if self._shape[0] == 1 else ["red", "green", "blue"]

    @property
    def _shape(self) -> tuple[int, int]:
        return int(self.module.hparams["planes"]), int(self.module.hparams["extent"][0])

    def _read(self, input: FileInput) -> tuple[str, NDArray[np.uint8], list[str]]:
        (name, data), (channels, size), remarks = file_of(input), self._shape, list[str]()
        fit = self.module.preprocessing.fit
        return name, decode_image(data, name, size, channels, remarks, fit).copy(), remarks


def picture(pixels: NDArray[np.uint8]) -> View:
    """Pixels (channels, height, width) as a PNG."""
    written = io.BytesIO()
    Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)).save(written, "PNG")
    height, width = pixels.shape[1:]
    return {"kind": "picture", "height": height, "width": width, "png": text_of(written.getvalue())}
