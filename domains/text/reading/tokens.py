"""Tokens of sentences, words or characters, and the vocabulary that numbers them."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from tokenizers import Encoding, Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import NFC, Lowercase, Replace
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import Split
from tokenizers.trainers import WordLevelTrainer

from shared.errors import require_choice

# Characters of texts that are encoded together, as encodings take a hundred times more memory; and what each
# text adds.
GROUP_CHARACTERS, TEXT_OVERHEAD = 2**20, 100

# Words as in Kim 2014, in any alphabet: n't and 's are words, and so is each mark or emoji. Characters as
# readers see them, with their accents and with joined emoji.
TOKEN_PATTERNS = {"words": r"\w+(?=n't)|n't|'\w+|\w+|[^\w\s]", "characters": r"\X"}

# Pairs of these letters make flags. \X takes quadratic time on long rows of them, which no text has.
FLAGS = "[\U0001f1e6-\U0001f1ff]{64,}"


class Vocabulary:
    """The numbers of lower-case words or characters (``kind``); ``tokens`` begin with SPECIAL."""

    SPECIAL: ClassVar = ("[PAD]", "[UNK]")
    PAD, UNKNOWN = 0, 1  # numbers of the padding of batches and of tokens outside the vocabulary

    def __init__(self, kind: str, tokens: Sequence[str] = SPECIAL):
        require_choice("model.tokens", kind, TOKEN_PATTERNS)
        self.tokens = list(tokens)
        self._tokenizer = Tokenizer(
            WordLevel({token: n for n, token in enumerate(tokens)}, unk_token=self.SPECIAL[self.UNKNOWN])
        )
        flags = [Replace(Regex(FLAGS), "\ufffd")] if kind == "characters" else []
        self._tokenizer.normalizer = Normalizers([NFC(), Lowercase(), *flags])
        self._tokenizer.pre_tokenizer = Split(Regex(TOKEN_PATTERNS[kind]), "removed", invert=True)

    @classmethod
    def learn(cls, kind: str, texts: Sequence[str], min_count: int) -> "Vocabulary":
        """The vocabulary of the tokens that occur at least ``min_count`` times, the most frequent first."""
        tokenizer = cls(kind)._tokenizer
        trainer = WordLevelTrainer(
            vocab_size=2**31, min_frequency=min_count, special_tokens=list(cls.SPECIAL), show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
        numbers = tokenizer.get_vocab()
        return cls(kind, sorted(numbers, key=numbers.__getitem__))

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """The tokens of each text: their numbers ``ids``, and their ``offsets`` in the text."""
        return self._tokenizer.encode_batch(list(texts), add_special_tokens=False)

    def ids(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """The numbers of each text's tokens, in little memory."""
        start = characters = 0
        for end, text in enumerate(texts, start=1):
            characters += len(text) + TEXT_OVERHEAD
            if characters > GROUP_CHARACTERS or end == len(texts):
                group = list(texts[start:end])
                encodings = self._tokenizer.encode_batch_fast(group, add_special_tokens=False)
                yield from (encoding.ids for encoding in encodings)
                start, characters = end, 0
