"""The report of a comparison: ``report.md``, and ``report.html`` that stands alone."""

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup
from matplotlib.figure import Figure

from shared.compare.caveats import INTERVALS, fairness
from shared.compare.claims import Finding, Judged, Results
from shared.compare.effects import matrix
from shared.compare.entry import Entry, slug
from shared.compare.figures import claims_plot, cost_plot, matrix_plot, styles
from shared.compare.markdown import bullets, code, percent, points, table, text
from shared.compare.spec import Comparison
from shared.files import write
from shared.results import data_uri, html_page, png

STYLE = """
img { padding: .5rem; border-radius: .4rem; box-sizing: border-box }
.holds, .fails, .unshown { padding: .05rem .45rem; border-radius: .3rem; color: #fff; white-space: nowrap }
.holds { background: #00795a } .fails { background: #b94e00 } .unshown { background: #6b6b6b }
"""
COLOURED = {"holds": "holds", "fails": "fails", "failed": "fails", "not shown": "unshown"}  # CSS classes


def write_report(
    home: Path, plan: Comparison, entries: Sequence[Entry], results: Results, judged: Sequence[Judged]
) -> None:
    """Write both reports, and the pictures beside them.

    Raises:
        UserError: They cannot be written.
    """
    pictures: dict[str, Figure] = {}
    parts = [_conditions(results)]
    if judged:
        pictures["claims"] = claims_plot(judged)
        parts += ["## Claims", _claims(judged), "![claims](claims.png)", _findings(judged)]
    rows, columns, differences = matrix(plan, results)
    if differences:
        named = {(row, plan.title_of(task)): each for (row, task), each in differences.items()}
        pictures["matrix"] = matrix_plot(rows, [plan.title_of(task) for task in columns], named)
        parts += ["## Design choices across domains", _MATRIX, "![design choices](matrix.png)"]
    style = styles(plan.designs)
    for number, (task, settings) in enumerate(plan.tasks.items(), 1):
        here = {design: results[task, design] for design in settings.cells if (task, design) in results}
        parts.append(f"## {text(plan.title_of(task))}")
        if settings.note:
            parts.append(text(settings.note))
        if here:
            name = f"task{number}-{slug(task)}"
            pictures[name] = cost_plot(plan.title_of(task), here, style)
            parts.append(f"![accuracy against cost]({name}.png)")
        parts += [_entries([entry for entry in entries if entry.task == task], results), _recipe(plan, task)]
    parts += ["## How it was made fair", bullets(list(fairness(plan, results)))]
    parts += ["## How the intervals are made", INTERVALS]
    drawn = {f"{name}.png": png(figure) for name, figure in pictures.items()}
    for name, picture in drawn.items():
        write(home / name, picture)
    title, body = plan.title or "", "\n\n".join(parts) + "\n"
    write(home / "report.md", f"# {text(title)}\n\n{body}")
    write(home / "report.html", _html(body, title, drawn))


_MATRIX = (
    "Accuracy of a design that differs from the domain's own in this choice, less that of the domain's own. "
    "What has no convolution slides along *nothing*. The choices are read off the networks' layers."
)


def _conditions(results: Results) -> str:
    if not results:
        return "No entry is finished yet."
    machines = {(result.facts["device"], result.facts["threads"]) for result in results.values()}
    trainings = sum(len(result.runs) for result in results.values())
    devices = "; ".join(
        f"{text(name)}, threads of a training: {threads}" for name, threads in sorted(machines)
    )
    counts = f"{trainings} trainings of {len(results)} entries (a design on a task)"
    return f"{counts}. {devices}. Intervals are 95 %."


def _claims(judged: Sequence[Judged]) -> str:
    rows = [
        [str(number), text(each.claim.says), f"**{each.verdict}**"] for number, each in enumerate(judged, 1)
    ]
    return table(["", "claim", "verdict"], rows)


def _findings(judged: Sequence[Judged]) -> str:
    rows = [_finding(number, part) for number, claim in enumerate(judged, 1) for part in claim.findings]
    head = [
        "",
        "difference",
        "points (95 %)",
        "has to be",
        "seeds",
        "test items",
        "parameters, times",
        "verdict",
    ]
    return table(head, rows)


def _finding(number: int, finding: Finding) -> list[str]:
    difference, part = finding.difference, finding.part
    size = f"; parameters at most {part.parameters:g} times" if part.parameters is not None else ""
    return [
        str(number),
        text(str(finding)),
        points(difference) if difference else "–",
        f"above {0 - 100 * part.margin:g}{size}",
        str(difference.seeds) if difference else "–",
        f"{difference.items:,}" if difference else "–",
        f"{finding.parameters:.2f}" if finding.parameters else "–",
        f"**{finding.verdict}**" + (f": {text(finding.why)}" if finding.why else ""),
    ]


def _entries(entries: Sequence[Entry], results: Results) -> str:
    head = [
        "design", "test accuracy %", "test items", "seeds", "parameters", "FLOPs of one prediction",
        "training, s", "one prediction, ms", "learning rate",
    ]  # fmt: skip
    rows = []
    for entry in entries:
        result = results.get((entry.task, entry.design))
        if not result:
            why = f"**failed**: {text(entry.failure)}" if entry.failure else "not trained yet"
            rows.append([text(entry.design), why, *[""] * (len(head) - 2)])
            continue
        mean, facts, rate = result.accuracy, result.facts, result.runs[0].config.optimizer.lr
        rows.append([
            text(entry.design), percent(mean), f"{mean.items:,}", str(mean.seeds), f"{facts['params']:,}",
            f"{facts['flops']:,}", f"{result.seconds:.1f}", f"{1000 * facts['latency']:.2f}",
            f"{rate:.2g} (×{entry.factor:g})",
        ])  # fmt: skip
    return table(head, rows)


def _recipe(plan: Comparison, task: str) -> str:
    settings = plan.tasks[task]
    budget = f"{settings.samples:,} samples" if settings.samples else f"{settings.flops:.3g} FLOPs"
    seeds = ", ".join(map(str, plan.seeds_of(task)))
    chosen = (
        "the last checkpoint"
        if settings.validations == 1
        else f"the best of {settings.validations} checkpoints"
    )
    own = [
        f"{text(name)}: {code(' '.join(words)) if words else 'as it is'}"
        for name, words in settings.cells.items()
    ]
    common = code(" ".join(settings.overrides))
    return f"Each training: {budget}, {chosen}; seeds {seeds}; {common} and\n\n{bullets(own)}"


def _html(markdown: str, title: str, pictures: Mapping[str, bytes]) -> str:
    """The report as one file: pictures inside, verdicts coloured."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(markdown)
    for token, following in pairwise(chain.from_iterable(block.children or () for block in tokens)):
        if token.type == "strong_open" and following.content in COLOURED:
            token.attrSet("class", COLOURED[following.content])
        elif token.type == "image":
            token.attrSet("src", data_uri(pictures[str(token.attrs["src"])]))
    body = reader.renderer.render(tokens, reader.options, {})
    return html_page(title, "{{ body }}", style=STYLE, body=Markup(body))  # noqa: S704
