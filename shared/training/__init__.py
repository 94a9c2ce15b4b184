"""A training: its data, its network, and how it ends."""
