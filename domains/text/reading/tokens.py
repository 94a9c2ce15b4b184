"""From a sentence to numbers: words or characters, and the vocabulary that numbers them."""

from collections.abc import Iterator, Sequence

from tokenizers import Encoding, Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import NFC, Lowercase, Replace
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import Split
from tokenizers.trainers import WordLevelTrainer

from shared.errors import UserError, nearest

# Characters of texts that are encoded together: their encodings take a hundred times more, empty ones too.
TOGETHER, EACH = 2**20, 100

PAD, UNKNOWN = 0, 1  # numbers of what fills up a batch, and of tokens outside the vocabulary
SPECIAL = ("[PAD]", "[UNK]")

# What is one token. Words: as Kim 2014 cuts them, with n't and 's words of their own, in any alphabet, and
# each mark or emoji alone. Characters: what a reader takes for one, accents and joined emoji included.
SPLITS = {"words": r"\w+(?=n't)|n't|'\w+|\w+|[^\w\s]", "characters": r"\X"}

# Letters that make flags, two by two: of a row of them \X takes the square of its length. None has so many.
FLAGS = "[\U0001f1e6-\U0001f1ff]{64,}"


def tokenizer(kind: str, vocabulary: Sequence[str] = SPECIAL) -> Tokenizer:
    """A tokenizer of lower-case words or characters.

    Args:
        kind: ``words`` or ``characters``.
        vocabulary: its tokens in the order of their numbers.

    Raises:
        UserError: there is no such kind.
    """
    if kind not in SPLITS:
        raise UserError(f"model.tokens={kind}: {nearest(kind, list(SPLITS))}")
    made = Tokenizer(
        WordLevel({token: number for number, token in enumerate(vocabulary)}, unk_token=SPECIAL[UNKNOWN])
    )
    steps = [NFC(), Lowercase()] + [Replace(Regex(FLAGS), "\ufffd")] * (kind == "characters")
    made.normalizer = Normalizers(steps)
    made.pre_tokenizer = Split(Regex(SPLITS[kind]), "removed", invert=True)
    return made


def learn_vocabulary(kind: str, texts: Sequence[str], min_count: int) -> list[str]:
    """The tokens that stand at least ``min_count`` times in the texts, the most frequent first.

    Before them stand those of padding and of unknown tokens.
    """
    made = tokenizer(kind)
    trainer = WordLevelTrainer(
        vocab_size=2**31, min_frequency=min_count, special_tokens=list(SPECIAL), show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    numbers = made.get_vocab()
    return sorted(numbers, key=numbers.__getitem__)


def encode(kind: str, vocabulary: Sequence[str], texts: Sequence[str]) -> list[Encoding]:
    """Each text's tokens: ``ids`` are their numbers, ``offsets`` where each stands in the text."""
    return tokenizer(kind, vocabulary).encode_batch(list(texts), add_special_tokens=False)


def numbered(kind: str, vocabulary: Sequence[str], texts: Sequence[str]) -> Iterator[list[int]]:
    """The numbers of each text's tokens, in little memory."""
    made = tokenizer(kind, vocabulary)
    for group in _groups(texts):
        for each in made.encode_batch_fast(group, add_special_tokens=False):
            yield each.ids


def _groups(texts: Sequence[str]) -> Iterator[list[str]]:
    group: list[str] = []
    characters = 0
    for text in texts:
        group.append(text)
        characters += len(text) + EACH
        if characters > TOGETHER:
            yield group
            group, characters = [], 0
    yield group
