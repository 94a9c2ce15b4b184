"""Text: sentences in, their class out."""
