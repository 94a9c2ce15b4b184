"""A user's text files as sentences with labels, the vocabulary of their tokens, and their split."""

from domains.text.reading.files import read_sentences, read_text, sentences_of_bytes
from domains.text.reading.lines import Form, label_name
from domains.text.reading.sentences import Sentences
from domains.text.reading.split import split_sentences
from domains.text.reading.tokens import TOKEN_PATTERNS, Vocabulary
from domains.text.reading.vectors import Vectors, read_vectors
