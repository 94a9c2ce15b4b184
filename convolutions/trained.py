"""Trained networks as objects. Each method is a command of ``scripts/``: the same keys, checks and errors."""

import html
import io
import json
import shutil
import weakref
from contextlib import redirect_stdout
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from convolutions.scripts import call
from shared.config import PROJECT
from shared.errors import UserError
from shared.files import read_json
from shared.runs import Run

if TYPE_CHECKING:
    from shared.training import Classifier


def load(run: str | Path) -> "Trained":
    """A trained network: a run's folder, or the name of one that is bundled, such as ``go/policy``.

    Raises:
        UserError: There is no such run, or it cannot be read.
    """
    return Trained(Run.open(run))


def train(*words: str) -> "Trained":
    """Train as ``scripts/train.py`` with these words, such as ``"domain=image"``, and load the run.

    Raises:
        UserError: As the command, which ends with its message.
    """
    return load(call("train", *words)["run"])


def sample(name: str) -> Path:
    """The path of a bundled file, such as ``go/game.sgf``.

    Raises:
        UserError: There is none of this name.
    """
    files = {
        f"{file.parts[-3]}/{file.name}": file
        for file in PROJECT.glob("domains/*/sample/*")
        if file.name != "README.md"
    }
    if name not in files:
        raise UserError(f"name: must be one of {', '.join(sorted(files))}, got {name!r}")
    return files[name]


class Trained:
    """A trained network.

    Attributes:
        run: its folder, configuration and metrics.
    """

    def __init__(self, run: Run):
        self.run = run

    @cached_property
    def module(self) -> "Classifier":
        """The LightningModule with the best weights."""
        from shared.training import load_module

        return load_module(self.run)

    def predict(self, input: str | Path | None = None, **options: Any) -> "Result":
        """Predictions for a file, folder or archive, as ``scripts/predict.py`` makes them.

        Args:
            input: the path; None where ``text="…"`` is given instead.
            options: other keys of the command, such as ``move=49``.

        Raises:
            UserError: As the command.
        """
        return self._result("predict", options if input is None else {"input": input, **options})

    def evaluate(self, *words: str, **options: Any) -> "Result":
        """The test, as ``scripts/evaluate.py`` makes it with these words, such as ``"data.path=more.zip"``.

        Args:
            words: none test the run's own data.
            options: other keys of the command, such as ``checkpoint="last"``.

        Raises:
            UserError: As the command.
        """
        return self._result("evaluate", options, *words)

    def explain(
        self, input: str | Path | None = None, *, method: str | None = None, **options: Any
    ) -> "Result":
        """Explanations of the predictions for a file, as ``scripts/explain.py`` makes them.

        Args:
            input: the path; None for an item of the validation set or ``text="…"``.
            method: the only one, short for ``methods=[method]``.
            options: other keys of the command, such as ``methods=["occlusion", "saliency"]``.

        Raises:
            UserError: As the command.
        """
        if method is not None:
            options["methods"] = [method]
        return self._result("explain", options if input is None else {"input": input, **options})

    def export(self, output: str | Path, **options: Any) -> Path:
        """Write the network as one file for other programs, as ``scripts/export.py`` does; return the file.

        Args:
            output: the file, of a name that ends in ``.onnx``, or in ``.pt2`` with ``format="torch"``.
            options: other keys of the command, such as ``quantize="int8"``.

        Raises:
            UserError: As the command.
        """
        return Path(call("export", run=self.run.folder, output=output, **options)["file"])

    def _result(self, script: str, options: dict[str, Any], *words: str) -> "Result":
        values = {"run": self.run.folder, **options}
        own = values.get("output") is None
        if own:
            values["output"] = mkdtemp(prefix="convolutions-")
        printed = io.StringIO()
        try:
            with redirect_stdout(printed):
                call(script, *words, **values)
        except BaseException:
            if own:
                shutil.rmtree(values["output"], ignore_errors=True)
            raise
        text = "\n".join(printed.getvalue().splitlines()[:-1])  # the last line names the folder
        result = Result(script, Path(values["output"]), text)
        if own:
            weakref.finalize(result, shutil.rmtree, values["output"], ignore_errors=True)
        return result

    def __repr__(self) -> str:
        return f"convolutions.load({str(self.run.folder)!r})"


class Result:
    """What a command answered; a notebook shows its text, pictures and pages.

    Attributes:
        folder: of its files; it is removed with this object, unless ``output`` named another.
        text: what the command printed, but the folder.
        metrics: of a test, as ``metrics.json`` has them; of other commands empty.
        rows: predictions, the values of each explanation, or the recall of each class.
    """

    def __init__(self, script: str, folder: Path, text: str):
        self.folder, self.text = folder, text
        self.metrics: dict[str, Any] = {}
        self.rows: list[dict[str, Any]]
        if script == "evaluate":
            self.metrics = read_json(folder / "metrics.json")
            self.rows = [{"class": name, **recall} for name, recall in self.metrics["recall"].items()]
        elif script == "explain":
            self.rows = read_json(folder / "values.json")["values"]
        else:
            self.rows = [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]

    @property
    def pictures(self) -> list[Path]:
        """PNG files, the most important first."""
        return sorted(self.folder.glob("*.png"))

    def _repr_html_(self) -> str:
        """Pictures with their captions; pages in frames without scripts: they hold text of strangers."""
        from shared.results import data_uri

        captions = {
            row["panel"]: f"{row['section']}. {row['title']}. {row['read']}"
            for row in self.rows
            if "panel" in row
        }
        parts = [] if captions else [f"<pre>{html.escape(self.text)}</pre>"]
        for picture in self.pictures:
            words = html.escape(captions.get(picture.name, ""))
            parts.append(f'<img src="{data_uri(picture.read_bytes())}"><p>{words}</p>')
        for page in self.folder.glob("*.html") if not self.pictures else ():
            shown = html.escape(page.read_text())
            parts.append(
                f'<iframe sandbox style="width:100%;height:30em;border:0" srcdoc="{shown}"></iframe>'
            )
        return "\n".join(parts)
