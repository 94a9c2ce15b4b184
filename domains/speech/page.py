"""Speech on the page: recordings with their spectrogram, and words or a strip of phones."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict, TypeVar

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch.nn.functional import avg_pool1d

from domains.speech.explain import Cut, SpeechDomain
from domains.speech.module import SpeechClassifier
from domains.speech.predict import STRETCH, read_one
from domains.speech.reading import FULL_SCALE, Recordings, UnusableError, as_int16, at_pitch, open_recording
from domains.speech.running import Grid, Heard
from shared.app import Page, Predicted, Share, Top, View, file_of, numbers, text_of
from shared.errors import Limit, UserError
from shared.explain import Example

LONGEST = 60  # seconds of a recording on the page
AUDIBLE = 48_000  # Hz: the rate of what is played
COLUMNS = 1500  # of a spectrogram, at most
T = TypeVar("T")


class SpeechInput(TypedDict):
    """A sound file, with a factor of all its frequencies; and the second that is explained, over time."""

    file: str
    name: NotRequired[str]
    stretch: NotRequired[Annotated[float, Limit(*STRETCH)]]
    moment: NotRequired[float | None]


class PredictedSpeech(Predicted):
    """Over time also all labels in one line."""

    over_time: bool
    spoken: str
    seconds: float


class Sound(TypedDict):
    """A recording to listen to: a WAV file in base64."""

    file: str


class SpeechPage(Page):
    """A recording of at most LONGEST seconds, as ``predict.py`` reads it."""

    actions = ("sound",)
    samples = (".mp3", ".wav", ".flac")
    module: SpeechClassifier
    adapter: SpeechDomain

    def facts(self) -> dict[str, Any]:
        """Rate and lengths."""
        known, over_time = self.module.preprocessing.seconds, self.module.network.over_time
        return {
            "rate": self.module.log_mel.rate,
            "longest": known["longest"],
            "median": known["median"],
            "over_time": over_time,
            "seconds_limit": LONGEST,
        }

    def offline(self) -> dict[str, Any] | None:
        """The same; not over time."""
        return None if self.module.network.over_time else self.facts()

    def predict(self, input: SpeechInput, top: Top = 10, unsure: Share = 0.8) -> PredictedSpeech:
        """A word for each stretch, or the labels over time."""
        stretch = input.get("stretch", 1.0)
        name, heard = self._read(input, lambda data: read_one(self.module, data, stretch=stretch))
        over_time = isinstance(heard, Heard)
        seconds = heard.seconds if isinstance(heard, Heard) else float(heard.end[-1])
        notes = [f"{name}: {heard.damage}; predicted nonetheless"] if heard.damage else []
        levels = torch.from_numpy(heard.decibels)
        if stretch != 1.0:
            levels = self.module.log_mel.stretched(levels[None], torch.tensor([stretch]))[0]
        pooled = max(-(-levels.size(1) // COLUMNS), 1)
        levels = avg_pool1d(levels[None], pooled, ceil_mode=True)[0]
        return {
            "rows": [{"file": name, **row} for row in heard.rows(top, unsure)],
            "view": self._spectrogram(levels.numpy(), 0.0, seconds, "dB", None),
            "notes": notes,
            "over_time": over_time,
            "spoken": (heard.spoken() or str(self.module.between)) if isinstance(heard, Heard) else "",
            "seconds": seconds,
        }

    def sound(self, input: SpeechInput) -> Sound:
        """The recording with its frequencies stretched, for ears."""
        _, (x, rate) = self._read(input, _samples)
        higher = at_pitch((x / FULL_SCALE).astype(np.float32), rate, input.get("stretch", 1.0))
        written = io.BytesIO()
        soundfile.write(written, as_int16(higher), rate, format="WAV")
        return {"file": text_of(written.getvalue())}

    def example(self, input: SpeechInput) -> Example:
        """As the layers take it; over time what lies around the moment."""
        moment, stretch = input.get("moment"), input.get("stretch", 1.0)
        name, (example, _) = self._read(input, lambda data: self.adapter.read_one(data, moment, stretch))
        return Example(example.x, f"{name}{example.name}", example.label, example.source, example.window)

    def view(self, example: Example) -> View:
        """The spectrogram as the layers take it: of mean 0 and variance 1."""
        log_mel, source = self.module.log_mel, example.source
        first = source.first if isinstance(source, Cut) else 0.0
        seconds = example.x.size(2) * log_mel.hop / log_mel.rate
        moment = None if example.window is None else first + Grid.of(self.module).seconds(example.window)
        return self._spectrogram(example.x[0].numpy(), first, seconds, "standard deviations", moment)

    def _spectrogram(
        self, values: NDArray[np.float32], first: float, seconds: float, unit: str, moment: float | None
    ) -> View:
        return {
            "kind": "spectrogram",
            "values": numbers(values),
            "hertz": numbers(self.module.log_mel.centres),
            "first": first,
            "seconds": seconds,
            "unit": unit,
            "moment": moment,
        }

    def _read(self, input: SpeechInput, read: Callable[[bytes], T]) -> tuple[str, T]:
        """The name of a file, and what is made of it."""
        name, data = file_of({"file": input["file"], "name": input.get("name", "input")})
        try:
            with open_recording(data) as file:
                seconds = file.seconds
            if seconds > LONGEST:
                must = f"must last at most {LONGEST} s on the page, got {seconds:.1f} s"
                raise UserError(f"{name}: {must}; predict.py reads longer ones")
            return name, read(data)
        except UnusableError as error:
            seen = Recordings()
            seen.skip(name, error.reason, error.detail)
            raise seen.none_usable(Path(name)) from error


def _samples(data: bytes) -> tuple[NDArray[np.int16], int]:
    """The samples of a recording at its own rate, AUDIBLE at most, and this rate."""
    with open_recording(data) as file:
        rate = min(file.rate, AUDIBLE)
        for _, x in file.blocks(rate, LONGEST, 0.0):
            return x, rate
    raise UnusableError("no samples", "a header without sound")
