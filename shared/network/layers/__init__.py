"""The layers of networks: each class with a ``name=`` in any file of this folder."""

import pkgutil
from importlib import import_module

from shared.network.layers.base import LAYERS

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
