"""The blocks that every network is made of, one idea a file."""
