"""The explanation methods: each function with ``@Method(…)`` in any file of this folder."""
