"""What the domains name as their parts, and what it costs to know them."""

import ast
import subprocess
import sys

import pytest

from shared.config.domain import check_name, find_domain, names
from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.training.classifier import Classifier
from shared.training.data import DataModule
from tests.commands import PROJECT


def test_the_domains_are_the_packages_below_domains() -> None:
    assert names() == ["go", "image", "speech", "text"]


@pytest.mark.parametrize("name", names())
def test_every_part_of_a_domain_has_the_type_of_its_role(name: str) -> None:
    domain = find_domain(name)
    readers = domain.readers()
    assert all(issubclass(reader, DataModule) for reader in readers.values())
    assert {f"{reader.__module__}.{reader.__qualname__}" for reader in readers.values()} == set(readers)
    assert issubclass(domain.part("module"), Classifier)
    assert domain.part("module").domain == name
    assert issubclass(domain.part("explain"), InputAdapter)
    assert callable(domain.part("predict"))
    assert domain.bench is None or callable(domain.part("bench"))
    assert set(domain.old_names()) <= {"module", "predict", "explain", "bench"}


@pytest.mark.parametrize(
    "name", ["og", "", ".", "..", "../go", "/tmp", "go/", "go.module", "__pycache__", None, 3, ["go"]]
)
def test_an_unknown_domain_is_refused(name) -> None:
    with pytest.raises(UserError, match=r"^domain\.name: must be the name of a domain, got "):
        check_name(name)


def test_knowing_the_domains_imports_none_of_their_parts() -> None:
    code = (
        "import sys; from shared.config.domain import find_domain, names; [find_domain(n) for n in names()]; "
        "import domains.go.records.sgf; "
        "print([m for m in sys.modules if m in ('torch', 'pytorch_lightning') or m.startswith('domains.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    loaded = set(ast.literal_eval(done.stdout))
    assert "torch" not in loaded
    assert {
        "domains.go",
        "domains.image",
        "domains.speech",
        "domains.text",
        "domains.go.records.sgf",
    } <= loaded
    assert not {module for module in loaded if module.endswith((".module", ".data", ".predict", ".explain"))}
