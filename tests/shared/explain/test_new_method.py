"""A method from outside the package is one function with its record."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from shared.config.cli import compose
from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.checks.base import Subject
from shared.explain.checks.relevance_maps import deletion_and_insertion
from shared.explain.command import explain_run
from shared.explain.explanation import Example, Explanation
from shared.explain.method import METHODS, Method, explain, methods_of
from shared.explain.units import Target
from shared.runs.run import Run


@pytest.fixture(autouse=True, scope="module")
def registered() -> Iterator[None]:
    @Method("Brightness", "map", "The darker, the brighter.", "It is {value} for {target}.")
    def brightness(
        adapter: InputAdapter, example: Example, target: Target, power: float = 1.0
    ) -> Explanation:
        """The size of each place's values."""
        return Explanation(adapter.signed(example.x).abs() ** power, 1.0, 0.0)

    yield
    del METHODS["brightness"]


def test_command_panels_and_report_show_it(
    runs: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"run={runs['image'].folder}", f"output={tmp_path}", "methods=[brightness]"]
    explain_run(compose("explain", words))
    [picture] = tmp_path.glob("*.png")
    assert picture.name.startswith("01-brightness-")
    assert "Brightness: The darker, the brighter. It is 1 for class " in capsys.readouterr().out
    assert "The darker, the brighter." in (tmp_path / "report.html").read_text()
    explain_run(compose("explain", [*words[:2], "methods=[occlusion]"]))
    page = (tmp_path / "report.html").read_text()
    assert "Blue places support class" in page
    assert "The darker" not in page


def test_the_checks_ask_it_too_and_refuse_it(adapters: dict[str, InputAdapter]) -> None:
    subject = Subject(adapters["image"], 6, 0)
    subject.methods = ["brightness"]
    own = [one for one in deletion_and_insertion(subject) if one.of == "brightness"]
    assert [one.passes for one in own] == [False, False]
    assert [method.name for method in methods_of("map")].count("brightness") == 1


def test_its_options_are_those_of_its_function(adapters: dict[str, InputAdapter]) -> None:
    adapter = adapters["image"]
    assert METHODS["brightness"].options == {"power": False}
    example = adapter.example(adapter.data.val_set, 0)
    plain, squared = (
        explain(adapter, example, "brightness", Target(0), power=power).map for power in (1.0, 2.0)
    )
    torch.testing.assert_close(plain**2, squared)
    with pytest.raises(UserError, match="got brigthness; did you mean 'brightness'"):
        explain(adapter, example, "brigthness", Target(0))


def test_the_command_sets_its_options(
    runs: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"run={runs['image'].folder}", f"output={tmp_path}", "methods=[brightness]"]
    maps = []
    for power in (1.0, 2.0):
        explain_run(compose("explain", [*words, f"+power={power}"]))
        with np.load(tmp_path / "maps.npz") as file:
            maps.append(file[file.files[0]])
    np.testing.assert_allclose(maps[0] ** 2, maps[1], rtol=1e-5)
    for word, message in (
        ("+power=high", "power: must be a number, got 'high'"),
        ("+powr=2", "powr: there is no such key; did you mean 'power'"),
        ("+masks=2", "masks: there is no such key"),
    ):
        with pytest.raises(UserError, match=message):
            explain_run(compose("explain", [*words, word]))
    with pytest.raises(UserError, match="power: there is no such key"):  # not of the methods that are chosen
        explain_run(compose("explain", [*words[:2], "methods=[occlusion]", "+power=2"]))
