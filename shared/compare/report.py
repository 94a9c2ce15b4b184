"""The report of a comparison: ``report.md``, and ``report.html`` that stands alone."""

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from matplotlib.figure import Figure

from shared.archive import printable
from shared.compare.cells import Cell, slug
from shared.compare.claims import LIKE, Finding, Judged, Results
from shared.compare.matrix import matrix
from shared.compare.paired import RESAMPLES, Estimate
from shared.compare.pictures import claims_plot, cost_plot, matrix_plot, styles
from shared.compare.plan import Comparison
from shared.plots import png
from shared.run import write

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem;
       color: light-dark(#1a1a1a, #e6e6e6); background: light-dark(#fff, #16181b); }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .88rem; display: block; overflow-x: auto; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid light-dark(#ddd, #3a3d42); text-align: left; }
th { border-bottom-width: 2px; }
img { max-width: 100%; background: #fff; padding: .5rem; border-radius: .4rem; box-sizing: border-box; }
code { font-size: .9em; }
.holds, .fails, .unshown { padding: .05rem .45rem; border-radius: .3rem; color: #fff; white-space: nowrap; }
.holds { background: #00795a; } .fails { background: #b94e00; } .unshown { background: #6b6b6b; }
"""


def write_report(
    home: Path, plan: Comparison, cells: Sequence[Cell], results: Results, judged: Sequence[Judged]
) -> None:
    """Write both reports, and the pictures beside them.

    Raises:
        UserError: They cannot be written.
    """
    pictures: dict[str, Figure] = {}
    parts = [f"# {_text(plan.title or '')}", *_conditions(results)]
    if judged:
        parts += ["## Claims", _claims_table(judged), _show(pictures, "claims", claims_plot(judged)),
                  _findings_table(judged)]  # fmt: skip
    rows, columns, found = matrix(plan, results)
    if found:
        titles = [_title(plan, task) for task in columns]
        named = {(row, _title(plan, task)): each for (row, task), each in found.items()}
        parts += ["## Design choices across domains", _MATRIX,
                  _show(pictures, "matrix", matrix_plot(rows, titles, named))]  # fmt: skip
    style = styles(plan.designs)
    for number, task in enumerate(plan.tasks, 1):
        here = {design: results[task, design] for design in plan.tasks[task].cells if (task, design) in results}
        parts.append(f"## {_text(_title(plan, task))}")
        if here:
            parts.append(_show(pictures, f"task{number}-{slug(task)}", cost_plot(_title(plan, task), here, style)))
        parts += [_cells_table([cell for cell in cells if cell.task == task], results)]
        parts += _budget(plan, task)
    parts += ["## How it was made fair", *_fairness(plan, results), "## How the intervals are made", _INTERVALS]
    for name, figure in pictures.items():
        write(home / name, png(figure))
    text = "\n\n".join(parts) + "\n"
    write(home / "report.md", text)
    write(home / "report.html", _html(text, plan.title or "", home))


_MATRIX = (
    "Accuracy of a design that differs from the domain's own in this choice, less that of the domain's own; a design "
    "without convolutions slides along *nothing*. The choices are read off the networks' layers."
)
_INTERVALS = (
    f"Seeds and groups of test items (a game, a speaker; else each item) are resampled together, {RESAMPLES:,} times "
    "(pigeonhole bootstrap, Owen 2007), with one seed fewer than there are; of the variance found, what "
    "this bootstrap counts three times is counted once. The interval is Student's with the degrees of freedom of "
    "its two sources (Satterthwaite 1946), so that five seeds count as five. Differences are paired: seed by seed, "
    "item by item. Where each seed has a fold of its own, the interval is Student's over the folds. Claims are "
    "judged one by one; no correction is made for their number."
)


def _show(pictures: dict[str, Figure], name: str, figure: Figure) -> str:
    pictures[f"{name}.png"] = figure
    return f"![{name}]({name}.png)"


def _title(plan: Comparison, task: str) -> str:
    return plan.tasks[task].title or task


def _conditions(results: Results) -> list[str]:
    if not results:
        return ["No cell is finished yet."]
    devices = {(each.facts["device"], each.facts["threads"]) for each in results.values()}
    machines = "; ".join(f"{_text(device)}, {threads} thread(s) a training" for device, threads in sorted(devices))
    trainings = sum(len(each.runs) for each in results.values())
    return [f"{trainings} compared trainings of {len(results)} cells. {machines}. Intervals are 95 %."]


def _claims_table(judged: Sequence[Judged]) -> str:
    rows = [[str(number), _text(each.claim.says), f"**{each.verdict}**"] for number, each in enumerate(judged, 1)]
    return _table(["", "claim", "verdict"], rows)


def _findings_table(judged: Sequence[Judged]) -> str:
    rows = [_finding(number, finding) for number, each in enumerate(judged, 1) for finding in each.findings]
    head = ["", "difference", "points (95 %)", "has to be", "seeds", "test items", "parameters, times", "verdict"]
    return _table(head, rows)


def _finding(number: int, finding: Finding) -> list[str]:
    difference, part = finding.difference, finding.part
    required = f"above {-100 * part.margin + 0:g}" + (
        f"; parameters at most {part.parameters:g} times" if part.parameters is not None else ""
    )
    return [
        str(number),
        _text(str(finding)),
        _points(difference) if difference else "–",
        required,
        str(difference.seeds) if difference else "–",
        f"{difference.items:,}" if difference else "–",
        f"{finding.parameters:.2f}" if finding.parameters else "–",
        f"**{finding.verdict}**" + (f": {_text(finding.why)}" if finding.why else ""),
    ]


def _cells_table(cells: Sequence[Cell], results: Results) -> str:
    rows = []
    for cell in cells:
        found = results.get((cell.task, cell.design))
        if not found:
            why = f"**failed**: {_text(cell.failure)}" if cell.failure else "not trained yet"
            rows.append([_text(cell.design), why, *[""] * 7])
            continue
        facts, mean = found.facts, found.accuracy
        rows.append([
            _text(cell.design),
            f"**{100 * mean.value:.2f}** ({100 * mean.low:.2f} … {100 * mean.high:.2f})",
            f"{mean.items:,}", str(mean.seeds), f"{facts['params']:,}", f"{facts['flops']:,}",
            f"{found.seconds:.1f}", f"{1000 * facts['latency']:.2f}", f"{found.runs[0].config.optimizer.lr:.2g} (×{cell.factor:g})",
        ])  # fmt: skip
    head = ["design", "test accuracy %", "test items", "seeds", "parameters", "FLOPs of one answer"]
    return _table([*head, "training, s", "one answer, ms", "learning rate"], rows)


def _budget(plan: Comparison, task: str) -> list[str]:
    settings = plan.tasks[task]
    budget = f"{settings.samples:,} samples" if settings.samples else f"{settings.flops:.3g} floating point operations"
    seeds = ", ".join(map(str, plan.seeds_of(task)))
    return [
        f"Each training: {budget}, the best of {settings.validations} checkpoints on validation; seeds {seeds}. "
        f"Made by `{_code(' '.join(settings.overrides))}` and",
        "\n".join(f"- {_text(name)}: `{_code(' '.join(own) or '…')}`" for name, own in settings.cells.items()),
    ]


def _fairness(plan: Comparison, results: Results) -> list[str]:
    rates = ", ".join(f"×{factor:g}" for factor in plan.learning_rates)
    search = (
        f"the recipe's learning rate and its multiples ({rates}) were tried for each cell alike, with its first "
        "seed, on validation, the test set left alone; the best was used for all seeds"
        if len(plan.learning_rates) > 1
        else "each cell was trained with its recipe's learning rate, none was searched"
    )
    said = [
        f"**Data**: {_same_order(plan, results)}",
        "**Budget**: all cells of a task have the one that stands beside their table, and as many checkpoints to "
        "choose from.",
        f"**Learning rate**: {search}. Where folds follow the seed, it was chosen on the validation items of the first "
        "fold, of which others are tested on.",
        "**Test**: looked at once a training, with the checkpoint that was best on validation.",
        f"**Size**: {_sizes(plan, results)}",
        "**Time**: latency is the fastest of 100 answers to one test item, measured before training, one cell at a "
        "time; time of training is the median over seeds, of the processor's own clock where it trains.",
    ]
    return ["\n".join(f"- {each}" for each in said)]


def _same_order(plan: Comparison, results: Results) -> str:
    """What the digests say of the items that were trained on."""
    differ = []
    for task in plan.tasks:
        orders = [each.orders for (name, _), each in results.items() if name == task]
        if any(order != orders[0] for order in orders):
            differ.append(_text(_title(plan, task)))
    same = "for the same seed all designs saw the same training items in the same order"
    if not differ:
        return f"{same}; a digest over the items of every batch is the same in each."
    return f"{same}, but not on {', '.join(differ)}."


def _sizes(plan: Comparison, results: Results) -> str:
    differ = []
    for task, settings in plan.tasks.items():
        params = {d: results[task, d].facts["params"] for d in settings.cells if (task, d) in results}
        if params and max(params.values()) > LIKE * min(params.values()):
            differ.append(f"{_text(_title(plan, task))} ({min(params.values()):,} to {max(params.values()):,})")
    said = "parameters of the layers differ by no more than 10 % within a task"
    return f"{said}, except on {', '.join(differ)}." if differ else f"{said}."


def _points(mean: Estimate) -> str:
    return f"{100 * mean.value:+.2f} ({100 * mean.low:+.2f} … {100 * mean.high:+.2f})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(words: str) -> str:
    """Somebody's words as Markdown that says just them."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", printable(" ".join(words.split())))


def _code(words: str) -> str:
    return printable(words).replace("`", "'")


def _html(markdown: str, title: str, home: Path) -> str:
    """The report as one file: pictures inside, no scripts."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)

    def inlined(match: re.Match[str]) -> str:
        picture = base64.b64encode((home / match[1]).read_bytes()).decode()
        return f'src="data:image/png;base64,{picture}"'

    body = re.sub(r'src="([\w-]+\.png)"', inlined, body)
    for verdict, name in (("holds", "holds"), ("fails", "fails"), ("failed", "fails"), ("not shown", "unshown")):
        body = body.replace(f"<strong>{verdict}</strong>", f'<strong class="{name}">{verdict}</strong>')
    head = MarkdownIt("commonmark", {"html": False}).renderInline(_text(title))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{head}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
