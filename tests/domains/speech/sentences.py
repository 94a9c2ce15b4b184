"""Recordings with labels over time for tests: phones are tones, and label files have every format."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tests.domains.speech.sounds import encoded, tone

RATE = 8000
PHONES = {"a": 300.0, "i": 800.0, "s": 1900.0}  # Hz of each phone's tone
Row = tuple[float, float, str]  # start and end in seconds, label


def long_form(tiers: dict[str, Sequence[Row]], end: float = 2.0) -> str:
    """A TextGrid as Praat writes it; a row with an empty label is an empty interval."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {end} "]
    lines += ["tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (name, rows) in enumerate(tiers.items(), start=1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier" ', f'        name = "{name}" ']
        lines += ["        xmin = 0 ", f"        xmax = {end} ", f"        intervals: size = {len(rows)} "]
        for n, (start, stop, label) in enumerate(rows, start=1):
            lines += [
                f"        intervals [{n}]:",
                f"            xmin = {start} ",
                f"            xmax = {stop} ",
            ]
            lines += [f'            text = "{label}" ']
    return "\n".join([*lines, ""])


def short_form(tiers: dict[str, Sequence[Row]], end: float = 2.0) -> str:
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "0",
        f"{end}",
        "<exists>",
        f"{len(tiers)}",
    ]
    for name, rows in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", f"{end}", f"{len(rows)}"]
        lines += [f'{start}\n{stop}\n"{label}"' for start, stop, label in rows]
    return "\n".join([*lines, ""])


def sentence(
    random: np.random.Generator, voice: float = 1.0, phones: int = 6
) -> tuple[np.ndarray, list[Row]]:
    """Samples of tones between two pauses, and their phones."""
    parts, rows, time = [], [], 0.0
    names = ["silence", *random.choice([*PHONES], phones).tolist(), "silence"]
    for name in names:
        seconds = float(random.integers(8, 16)) / 100
        x = tone(PHONES[name] * voice, seconds, RATE) if name in PHONES else np.zeros(round(seconds * RATE))
        parts.append(x + random.normal(0, 0.01, len(x)))
        rows.append((round(time, 4), round(time + seconds, 4), name))
        time += seconds
    return np.concatenate(parts).astype(np.float32), rows


def label_file(rows: Iterable[Row], form: str) -> tuple[str, str]:
    """The suffix and the text of a label file."""
    rows = list(rows)
    if form == "TextGrid":
        own = [(start, end, "" if label == "silence" else label) for start, end, label in rows]
        return ".TextGrid", long_form({"phones": own}, own[-1][1])
    if form == "phn":
        lines = [f"{round(start * RATE)} {round(end * RATE)} {label}" for start, end, label in rows]
        return ".phn", "\n".join([*lines, ""])
    if form == "lab":
        lines = [f"{round(start * 1e7)} {round(end * 1e7)} {label}" for start, end, label in rows]
        return ".lab", "\n".join([*lines, ""])
    return ".txt", " ".join(label for _, _, label in rows if label != "silence") + "\n"


def write_sentences(
    folder: Path, form: str = "TextGrid", speakers: int = 5, clips: int = 3, seed: int = 0, phones: int = 6
) -> Path:
    """SPEAKER/NUMBER.wav with a label file beside each."""
    random = np.random.default_rng(seed)
    for speaker in range(speakers):
        own = folder / f"{'fm'[speaker % 2]}{speaker}"
        own.mkdir(parents=True)
        for number in range(clips):
            x, rows = sentence(random, 0.9 + 0.04 * speaker, phones)
            (own / f"{number}.wav").write_bytes(encoded(x, RATE))
            suffix, text = label_file(rows, form)
            (own / f"{number}{suffix}").write_text(text)
    return folder
