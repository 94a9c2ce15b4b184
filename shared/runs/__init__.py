"""What a training leaves behind, and where it was made."""
