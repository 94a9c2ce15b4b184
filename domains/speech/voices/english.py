"""The table of English accents, variants and phones."""

from pathlib import Path

from shared.files import read_yaml

_TABLE = read_yaml(Path(__file__).with_name("english.yaml"))
ACCENTS: list[str] = _TABLE["accents"]
VARIANTS: dict[str, list[str]] = _TABLE["variants"]
SILENCE = "silence"
PHONES = {mnemonic: phone for phone, mnemonics in _TABLE["phones"].items() for mnemonic in mnemonics}
