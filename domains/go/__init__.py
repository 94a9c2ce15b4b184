"""Go: positions from game records in, a probability for every point of the board out."""
