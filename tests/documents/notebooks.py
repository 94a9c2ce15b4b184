"""Execute the notebooks of ``docs/notebooks``, so that they show what today's code answers.

python -m tests.documents.notebooks [NAME …]
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "notebooks"
SECONDS = 600  # that a cell may take


def execute(notebook: Path) -> str:
    """The contents of a notebook with its outputs. What its cells write goes to a temporary folder.

    Raises:
        CellExecutionError: A cell has raised.
    """
    contents = nbformat.read(notebook, as_version=4)
    with TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(contents, timeout=SECONDS, record_timing=False, resources=resources).execute()
    return nbformat.writes(contents).replace(f"{folder}/", "")


if __name__ == "__main__":
    for file in sorted(FOLDER.glob("*.ipynb")):
        if file.stem in sys.argv[1:] or not sys.argv[1:]:
            print(file.name)
            file.write_text(execute(file) + "\n")
