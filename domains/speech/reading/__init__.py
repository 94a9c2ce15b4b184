"""A user's recordings as clips with their words and speakers, and the split of the clips."""

from domains.speech.reading.aligned import Aligned, read_aligned
from domains.speech.reading.alignment import Alignment
from domains.speech.reading.audio import FULL_SCALE, as_int16, at_pitch, has_sound
from domains.speech.reading.beside import alignment_beside
from domains.speech.reading.clips import Clips, read_clips
from domains.speech.reading.decode import Recording, UnusableError, open_recording
from domains.speech.reading.labels import compile_pattern
from domains.speech.reading.recordings import Recordings, load
from domains.speech.reading.split import Official, Splitter
