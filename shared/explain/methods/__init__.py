"""The explanation methods: each function with ``@method(…)`` in any file of this folder."""

import pkgutil
from importlib import import_module

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
