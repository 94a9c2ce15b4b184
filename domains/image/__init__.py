"""Pictures: what they show."""
