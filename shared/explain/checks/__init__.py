"""How far explanations can be trusted: each function with ``@check`` in any file of this folder."""
