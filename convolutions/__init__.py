"""The suite from Python, and as the command ``convolutions``."""
