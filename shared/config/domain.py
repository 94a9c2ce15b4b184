"""What a domain is made of: the one place where it names its parts, and the one way to find them."""

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any

from shared.config.project import PROJECT
from shared.errors import UserError, nearest


@dataclass(frozen=True)
class Domain:
    """The Python names of a domain's parts by role; ``domains/NAME/__init__.py`` holds them as ``DOMAIN``.

    A part is imported when it is used: reading a file of the domain needs no torch, playing Go no
    Lightning. Configurations and run folders name a domain, never a part.

    Attributes:
        module: the class of its networks, a ``Classifier``.
        data: the classes of its data, each a ``DataModule``; ``data._target_`` says which.
        predict: the function behind ``predict.py``, see ``shared.commands.predict.Predictions``.
        explain: the class of its adapter for ``explain.py``, a ``shared.explain.InputAdapter``.
        page: the class of its adapter for ``app.py``, a ``shared.app.Page``.
        bench: the function that adds measurements of its own to ``bench.py``.
        model_keys: what the module itself reads of ``config.model``, beside the layers.
        input_keys: of ``config.data``, those that decide what the layers take: a training that starts from
            another run's weights takes its values.
    """

    module: str
    data: tuple[str, ...]
    predict: str | None = None
    explain: str | None = None
    page: str | None = None
    bench: str | None = None
    model_keys: tuple[str, ...] = ()
    input_keys: tuple[str, ...] = ()

    def part(self, role: str) -> Any:
        """The class or function in a role, None where the domain has none."""
        name = getattr(self, role)
        return None if name is None else pkgutil.resolve_name(name)

    def old_names(self) -> dict[str, str]:
        """What ``config.yaml`` of older runs says under ``domain`` beside the name."""
        roles = ("module", "predict", "explain")
        return {role: name for role in roles if (name := getattr(self, role))}

    def readers(self) -> dict[str, Any]:
        """The classes of its data, by what ``data._target_`` calls them."""
        return {name: pkgutil.resolve_name(name) for name in self.data}


def names() -> list[str]:
    """The domains of the project, the packages below ``domains/``."""
    return sorted(file.parent.name for file in PROJECT.glob("domains/*/__init__.py"))


def check_name(name: Any) -> str:
    """The name of a domain, any other refused: only then may it become part of a path or be imported."""
    known = names()
    if not isinstance(name, str) or name not in known:
        short = str(name)[:80]
        raise UserError(f"domain.name: must be the name of a domain, got {short!r}; {nearest(short, known)}")
    return name


def find_domain(name: Any) -> Domain:
    """The domain of a name, any other refused."""
    domain = importlib.import_module(f"domains.{check_name(name)}").DOMAIN
    assert isinstance(domain, Domain)
    return domain
