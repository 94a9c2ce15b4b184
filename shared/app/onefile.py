"""One network as one file: a page that needs neither a server nor the project, opened from disk."""

import base64
import contextlib
import gzip
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jinja2
from markupsafe import Markup
from omegaconf import DictConfig

from shared import commands
from shared.app.networks import load_page
from shared.config import PROJECT, compose, literal, print_line
from shared.errors import UserError
from shared.files import make_folder, write
from shared.runs import Run, check_export

FOLDER = Path(__file__).parent / "offline"
RUNTIME = FOLDER / "onnxruntime-web-1.30.0"
LIMIT = 20 * 10**6  # bytes of the page: what can be sent by mail


def write_page(config: DictConfig) -> dict[str, Any]:
    """Write the page of ``config.run``; returns its file.

    Raises:
        UserError: The network's inputs need a server, it cannot be exported, or the page is too large.
    """
    run, output = Run.open(config.run), Path(config.output).absolute()
    if output.exists():
        raise UserError(f"output: must be a new file, got {output}, which is there; name another")
    page = load_page(run, str(config.run))
    needs = page.offline()
    if needs is None:
        raise UserError(f"run={config.run}: must be a network that needs no server; use app.py")
    own = PROJECT / "domains" / str(run.config.domain.name)
    facts = {"classes": page.module.classes, **needs}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        wanted = compose("export", [f"run={literal(str(config.run))}", f"output={literal(str(file))}"])
        check_export(wanted)
        with contextlib.redirect_stdout(io.StringIO()):
            commands.export(wanted)
        network = gzip.compress(file.read_bytes(), mtime=0)
    script = (RUNTIME / "ort.wasm.bundle.min.mjs").read_bytes()
    wasm = (RUNTIME / "ort-wasm-simd-threaded.wasm.gz").read_bytes()
    parts = {"runtime": gzip.compress(script, mtime=0), "wasm": wasm, "network": network}
    bundled = Path(config.run).absolute() != run.folder
    title = config.run if bundled else f"{run.config.choices.model} on {run.config.choices.data}"
    text = _template().render(
        title=title,
        form=Markup((own / "offline.html").read_text()),  # noqa: S704
        facts=Markup(json.dumps(facts).replace("<", "\\u003c")),  # noqa: S704  # no tag in it
        note="This page is one file: it computes here, sends nothing and keeps nothing.",
        parts={name: base64.b64encode(data).decode() for name, data in parts.items()},
        script=Markup((own / "offline.js").read_text() + (FOLDER / "onefile.js").read_text()),  # noqa: S704
    )
    if len(text.encode()) > LIMIT:
        raise UserError(f"run={config.run}: the page would have {len(text):,} bytes, more than {LIMIT:,}")
    make_folder("output", output.parent)
    write(output, text)
    print_line(f"page: {output} ({len(text.encode()):,} bytes)")
    return {"file": str(output)}


def _template() -> jinja2.Template:
    text = (FOLDER / "onefile.html").read_text()
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
