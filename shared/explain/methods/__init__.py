"""The explanation methods, one a file."""
