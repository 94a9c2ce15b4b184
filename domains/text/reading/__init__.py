"""A user's text files as sentences with their labels, as tokens, and how they are split."""

from domains.text.reading.encoding import whole
from domains.text.reading.files import read_sentences, sentences_in
from domains.text.reading.labels import label_name
from domains.text.reading.lines import Bad, Form, checked
from domains.text.reading.sentences import Sentences
from domains.text.reading.split import TEST, TRAIN, VAL, copies, identities, split_by_fold, split_by_share
from domains.text.reading.tokens import PAD, SPECIAL, UNKNOWN, encode, learn_vocabulary, numbered, tokenizer
from domains.text.reading.vectors import Vectors, read_vectors

__all__ = [
    "PAD",
    "SPECIAL",
    "TEST",
    "TRAIN",
    "UNKNOWN",
    "VAL",
    "Bad",
    "Form",
    "Sentences",
    "Vectors",
    "checked",
    "copies",
    "encode",
    "identities",
    "label_name",
    "learn_vocabulary",
    "numbered",
    "read_sentences",
    "read_vectors",
    "sentences_in",
    "split_by_fold",
    "split_by_share",
    "tokenizer",
    "whole",
]
