"""What a command is given: words of the command line, keys of the configuration, and what is wrong with them.

Nothing here imports torch: a mistake is reported at once.
"""
