"""Checks of the documents: links, words, commands; and the picture of the four domains."""
