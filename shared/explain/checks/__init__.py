"""How far explanations can be trusted: each function with ``@check`` in any file of this folder."""

import pkgutil
from importlib import import_module

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
