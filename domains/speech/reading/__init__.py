"""A user's recordings as clips with their words and speakers, and how they are split."""

from domains.speech.reading.audio import FULL, at_rate, blocks, load, sounding, sources
from domains.speech.reading.clips import Clips, read_clips
from domains.speech.reading.decode import SUFFIXES, UnusableError, opened, remedies
from domains.speech.reading.names import compiled
from domains.speech.reading.official import Official, check_options
from domains.speech.reading.sides import TEST, TRAIN, VAL, Sides, check_sides, remarks
from domains.speech.reading.split import Split, split_clips

__all__ = [
    "FULL",
    "SUFFIXES",
    "TEST",
    "TRAIN",
    "VAL",
    "Clips",
    "Official",
    "Sides",
    "Split",
    "UnusableError",
    "at_rate",
    "blocks",
    "check_options",
    "check_sides",
    "compiled",
    "load",
    "opened",
    "read_clips",
    "remarks",
    "remedies",
    "sounding",
    "sources",
    "split_clips",
]
