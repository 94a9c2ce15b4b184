"""The report of a comparison: ``report.md``, and ``report.html`` that stands alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup
from matplotlib.figure import Figure

from shared.compare.claims import Finding, Judged, matrix
from shared.compare.entry import Entry, slug
from shared.compare.fairness import INTERVALS, fairness
from shared.compare.figures import claims_plot, cost_plot, matrix_plot, styles
from shared.compare.markdown import code, percent, points, table, text
from shared.compare.results import Result, Results
from shared.compare.spec import Comparison
from shared.files import write
from shared.results import data_uri, html_page, write_figure

STYLE = """
img { padding: .5rem; border-radius: .4rem; box-sizing: border-box }
.holds, .fails, .unshown { padding: .05rem .45rem; border-radius: .3rem; color: #fff; white-space: nowrap }
.holds { background: #00795a } .fails { background: #b94e00 } .unshown { background: #6b6b6b }
"""
COLOURED = {
    "holds": "holds",
    "equivalent": "holds",
    "fails": "fails",
    "failed": "fails",
    "not shown": "unshown",
}  # CSS classes
MATRIX = """## Design choices across domains

Accuracy of a design that differs from the domain's own in this choice, less that of the domain's own. What
has no convolution slides along *nothing*. The choices are read off the networks' layers."""


def write_report(
    home: Path,
    plan: Comparison,
    entries: Sequence[Entry],
    results: Results,
    judged: Sequence[Judged],
    figures: str = "png",
) -> None:
    """Write both reports, and the pictures beside them."""
    pictures: dict[str, bytes] = {}

    def draw(name: str, figure: Figure) -> str:
        pictures[f"{name}.png"] = write_figure(home / name, figure, figures)
        return f"{name}.png"

    body = "\n\n".join(_parts(plan, entries, results, judged, draw)) + "\n"
    title = plan.title or ""
    write(home / "report.md", f"# {text(title)}\n\n{body}")
    write(home / "report.html", _html(body, title, pictures))


def _parts(
    plan: Comparison,
    entries: Sequence[Entry],
    results: Results,
    judged: Sequence[Judged],
    draw: Callable[[str, Figure], str],
) -> Iterator[str]:
    """The paragraphs below the title; ``draw`` writes a figure under a name and returns its file."""
    yield _conditions(results)
    if judged:
        rows = [(i, text(each.claim.says), f"**{each.verdict}**") for i, each in enumerate(judged, 1)]
        yield "## Claims\n\n" + table("|claim|verdict", rows)
        yield f"![claims]({draw('claims', claims_plot(judged))})"
        head = "|difference|points (95 %)|has to be|seeds|test items|parameters, times|verdict"
        findings = [(i, part) for i, each in enumerate(judged, 1) for part in each.findings]
        yield table(head, [(i, *_finding(part)) for i, part in findings])
    rows_, columns, differences = matrix(plan, results)
    if differences:
        titles = {task: plan.title_of(task) for task in columns}
        cells = {(row, titles[task]): gain for (row, task), gain in differences.items()}
        picture = draw("matrix", matrix_plot(rows_, list(titles.values()), cells))
        yield f"{MATRIX}\n\n![design choices]({picture})"
    style = styles(plan.designs)
    for number, (task, settings) in enumerate(plan.tasks.items(), 1):
        yield f"## {text(plan.title_of(task))}"
        if settings.note:
            yield text(settings.note)
        budget = plan.budgets_of(task)[-1]
        here = {
            design: results[task, design, budget]
            for design in settings.designs
            if (task, design, budget) in results
        }
        if here:
            picture = draw(f"task{number}-{slug(task)}", cost_plot(plan.title_of(task), here, style))
            yield f"![accuracy against cost]({picture})"
        head = (
            "design|test accuracy %|test items|seeds|parameters|FLOPs of one prediction|training, s|"
            "one prediction, ms|learning rate"
        )
        yield table(head, [_entry(entry, here.get(entry.design)) for entry in entries if entry.task == task])
        yield from _recipe(plan, task)
    yield f"## How it was made fair\n\n{fairness(plan, results)}"
    yield f"## How the intervals are made\n{INTERVALS.rstrip()}"


def _conditions(results: Results) -> str:
    if not results:
        return "No entry is finished yet."
    machines = {(result.machine["device"], result.machine["threads"]) for result in results.values()}
    devices = [f"{text(name)}, threads of a training: {threads}" for name, threads in sorted(machines)]
    trainings = sum(len(result.metrics) for result in results.values())
    counts = f"{trainings} trainings of {len(results)} entries (a design on a task)"
    return f"{counts}. {'; '.join(devices)}. Intervals are 95 %."


def _finding(finding: Finding) -> list[object]:
    difference, part = finding.difference, finding.part
    numbers = [difference.seeds, f"{difference.items:,}"] if difference else ["–", "–"]
    size = f"; parameters at most {part.parameters:g} times" if part.parameters is not None else ""
    return [
        text(str(finding)),
        points(difference) if difference else "–",
        f"above {0 - 100 * part.margin:g}{size}",
        *numbers,
        f"{finding.parameters:.2f}" if finding.parameters else "–",
        f"**{finding.verdict}**" + (f": {text(finding.why)}" if finding.why else ""),
    ]


def _entry(entry: Entry, result: Result | None) -> list[object]:
    if not result:
        why = f"**failed**: {text(entry.failure)}" if entry.failure else "not trained yet"
        return [text(entry.design), why, *[""] * 7]
    mean, facts = result.accuracy, result.facts
    return [
        *(text(entry.design), percent(mean), f"{mean.items:,}", mean.seeds),
        *(f"{facts['params']:,}", f"{facts['flops']:,}"),
        *(f"{result.seconds:.1f}", f"{1000 * result.latency:.2f}" if result.latency else "–"),
        f"{result.rate:.2g} (×{result.factor:g})",
    ]


def _recipe(plan: Comparison, task: str) -> Iterator[str]:
    settings = plan.tasks[task]
    least = f"{settings.samples:,} samples" if settings.samples else f"{settings.flops:.3g} FLOPs"
    budget = " and ".join(f"{one} ×" for one in plan.budgets_of(task)) + f" {least}"
    n = settings.validations
    chosen = "the last checkpoint" if n == 1 else f"the best of {n} checkpoints"
    seeds = ", ".join(map(str, plan.seeds_of(task)))
    yield f"Each training: {budget}, {chosen}; seeds {seeds}; {code(' '.join(settings.overrides))} and"
    yield "\n".join(
        f"- {text(name)}: {code(' '.join(design.overrides)) if design.overrides else 'as it is'}"
        for name, design in settings.designs.items()
    )


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
