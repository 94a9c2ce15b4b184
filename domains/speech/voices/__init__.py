"""Made voices: text spoken by espeak-ng in any number of voices, with the exact times of phones and words."""

from domains.speech.voices.archive import Made, MadeWords, texts_archive, words_archives
from domains.speech.voices.clips import RATE, Clip, Segment, clip
from domains.speech.voices.dataset import single_digits, spoken_texts
from domains.speech.voices.voice import Voice, voices
