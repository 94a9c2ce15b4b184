"""Speech: recordings of words in, the word out."""
