"""The report of a comparison: ``report.md``, and ``report.html`` that stands alone.

First a page to be read in five minutes: all claims in a table, then each with its verdict, number, picture,
literature, and what would change the verdict. What stands below a heading of level three is folded in HTML.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from matplotlib.figure import Figure

from shared.compare.claims import Judged, matrix
from shared.compare.entry import Entry, slug
from shared.compare.fairness import INTERVALS, fairness
from shared.compare.figures import accuracy_plot, difference_plot, matrix_plot
from shared.compare.markdown import MARKS, code, marked, points, table, text
from shared.compare.results import Result, Results
from shared.compare.sentences import alt, beside_the_picture, name_of, number
from shared.compare.spec import Comparison
from shared.compare.statistics import Estimate
from shared.compare.tables import parts_table, task_table
from shared.files import write
from shared.results import data_uri, html_page, write_figure

STYLE = """
h2 { border-top: 1px solid light-dark(#ddd, #3a3d42); padding-top: 1.2rem }
blockquote { margin: .6rem 0; padding-left: .9rem; border-left: .25rem solid light-dark(#bbb, #555);
             font-size: 1.15rem; font-weight: 600 }
img { width: 22.6rem; vertical-align: top } details img { width: 34rem }
td:first-child { min-width: 2rem } details :is(td:first-child, td:nth-child(5)) { min-width: 9rem }
@media (prefers-color-scheme: dark) { img { filter: invert(1) hue-rotate(180deg); mix-blend-mode: screen } }
@media (max-width: 30rem) { th, td { padding: .3rem .35rem } }
summary { cursor: pointer; font-weight: 600; padding: .25rem 0 }
.holds, .fails, .equivalent, .unshown { padding: .05rem .45rem; border-radius: .3rem; color: #fff;
                                        white-space: nowrap }
.holds { background: #00795a } .fails { background: #b94e00 }
.equivalent { background: #0067a0 } .unshown { background: #6b6b6b }
"""
COLOURED = {f"{mark} {word}": word.replace("not ", "un") for word, mark in MARKS.items()}  # CSS classes
VERDICTS = """A claim ✓ *holds* if the whole 95 % interval of each part lies where it has to, and ✗ *fails*
if one lies elsewhere; it is = *equivalent* if the difference is smaller than its margin, ? *not shown* if the
data do not decide. The difference is that of the part on which the verdict rests, at the largest budget."""
MATRIX = """### Design choices across domains

Accuracy of a design that differs from the domain's own in this choice, less that of the domain's own. What
has no convolution slides along *nothing*. The choices are read off the networks' layers."""

Draw = Callable[[str, Figure, str], str]  # writes a figure under a name; gives the picture with its alt text


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

    def draw(name: str, figure: Figure, alt: str) -> str:
        pictures[f"{name}.png"] = write_figure(home / name, figure, figures)
        return f"![{alt}]({name}.png)"

    body = "\n\n".join(_parts(plan, entries, results, judged, draw)) + "\n"
    title = plan.title or ""
    write(home / "report.md", f"# {text(title)}\n\n{body}")
    write(home / "report.html", _html(body, title, pictures))


def _parts(
    plan: Comparison,
    entries: Sequence[Entry],
    results: Results,
    judged: Sequence[Judged],
    draw: Draw,
) -> Iterator[str]:
    """The paragraphs below the title; ``draw`` writes a figure under a name and returns its picture."""
    yield _conditions(results)
    if judged:
        head = "|claim|verdict|difference, points (95 %)"
        links = [f"[{i}](#claim-{i})" for i in range(1, len(judged) + 1)]
        rows = [(text(one.claim.says), marked(one.verdict), number(one)) for one in judged]
        yield table(head, [(link, *row) for link, row in zip(links, rows, strict=True)])
        verdicts = [part.verdict for one in judged for part in one.findings]
        decided = sum(verdict != "not shown" for verdict in verdicts)
        yield f"{VERDICTS} Of {len(verdicts)} parts {decided} are decided."
    redrawn = {entry.task for entry in entries if entry.configuration.data.get("redraw")}
    for i, one in enumerate(judged, 1):
        yield f"## Claim {i}\n\n> {text(one.claim.says)}"
        verdict, *others = beside_the_picture(plan, one, results, redrawn)
        yield verdict
        yield "\n".join(
            draw(f"claim{i}-{j}", difference_plot(part, name_of(plan, part)), alt(plan, part))
            for j, part in enumerate(one.findings, 1)
        )
        yield from others
        yield f"### Numbers of claim {i}\n\n{parts_table(plan, one, results)}"
    yield "## Tasks and methods"
    for i, task in enumerate(plan.tasks, 1):
        yield from _task(plan, [entry for entry in entries if entry.task == task], results, i, draw)
    choices, columns, gains = matrix(plan, results)
    if gains:
        titles = {task: plan.title_of(task) for task in columns}
        by_title = {(choice, titles[task]): gain for (choice, task), gain in gains.items()}
        figure = matrix_plot(choices, list(titles.values()), by_title)
        words = [f"{row}, {name}: {points(gain)} points" for (row, name), gain in by_title.items() if gain]
        yield f"{MATRIX}\n\n{draw('matrix', figure, text('; '.join(words)))}"
    yield f"### How it was made fair\n\n{fairness(plan, results)}"
    yield f"### How the intervals are made\n\n{INTERVALS.strip()}"


def _task(
    plan: Comparison,
    entries: Sequence[Entry],
    results: Results,
    i: int,
    draw: Draw,
) -> Iterator[str]:
    """What is folded below the heading of the task with this number."""
    task, title = entries[0].task, plan.title_of(entries[0].task)
    yield f"### Task {i}: {text(title)}"
    if note := plan.tasks[task].note:
        yield text(note)
    curves = {entry.design: _curve(entry, results) for entry in entries}
    if curves := {design: curve for design, curve in curves.items() if curve}:
        reached = [f"{name} {100 * curve[-1][1].value:.1f} %" for name, curve in curves.items()]
        words = text(f"{title}: test accuracy at the largest budget: {', '.join(reached)}")
        flops = {design: _flops(results[task, design, curve[-1][0]]) for design, curve in curves.items()}
        yield draw(f"task{i}-{slug(task)}", accuracy_plot(title, curves, flops), words)
    yield "At the largest budget, with every baseline that beats a design:"
    yield task_table(entries, results)
    yield from _recipe(plan, task)


def _curve(entry: Entry, results: Results) -> list[tuple[int, Estimate]]:
    """Accuracy by budget, as far as there are results."""
    place = (entry.task, entry.design)
    accuracies = {key[-1]: result.accuracy for key, result in results.items() if key[:-1] == place}
    return sorted(accuracies.items())


def _flops(result: Result) -> float:
    """Of a training: a pass back costs two forward ones."""
    return float(3 * result.samples * result.facts["flops"])


def _conditions(results: Results) -> str:
    if not results:
        return "No entry is finished yet."
    machines = {(result.machine["device"], result.machine["threads"]) for result in results.values()}
    devices = [f"{text(name)}, threads of a training: {threads}" for name, threads in sorted(machines)]
    trainings = sum(len(result.metrics) for result in results.values())
    counts = f"{trainings} trainings of {len(results)} entries (a design on a task at a budget)"
    commits = sorted({str(result.machine.get("commit") or "unknown") for result in results.values()})
    code_of = ", ".join(text(commit[:10] + commit[40:]) for commit in commits)  # 40: -dirty, or nothing
    return f"{counts}. {'; '.join(devices)}. Commit {code_of}. Intervals are 95 %."


def _recipe(plan: Comparison, task: str) -> Iterator[str]:
    settings = plan.tasks[task]
    unit, least = ("samples", settings.samples) if settings.samples else ("FLOPs", settings.flops or 0)
    sizes = ", ".join(f"{least * budget:,.6g}" for budget in plan.budgets_of(task))
    n = settings.validations
    chosen = "the last checkpoint" if n == 1 else f"the best of {n} checkpoints"
    seeds = ", ".join(map(str, plan.seeds_of(task)))
    yield f"Each training: {sizes} {unit}, {chosen}; seeds {seeds}; {code(' '.join(settings.overrides))} and"
    yield "\n".join(
        f"- {text(name)}: {code(' '.join(design.overrides)) if design.overrides else 'as it is'}"
        for name, design in settings.designs.items()
    )


def _html(markdown: str, title: str, pictures: Mapping[str, bytes]) -> str:
    """The report as one file: pictures inside, verdicts coloured, details folded."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(markdown)
    for token, following in pairwise(chain.from_iterable(block.children or () for block in tokens)):
        if token.type == "strong_open" and following.content in COLOURED:
            token.attrSet("class", COLOURED[following.content])
        elif token.type == "image":
            token.attrSet("src", data_uri(pictures[str(token.attrs["src"])]))
    body = reader.renderer.render(list(_folded(tokens)), reader.options, {})
    return html_page(title, "{{ body }}", style=STYLE, body=Markup(body))  # noqa: S704


def _folded(tokens: Sequence[Token]) -> Iterator[Token]:
    """Headings get the names that links lead to; those of the third level fold what stands below them."""
    opened = False
    for token, following in pairwise([*tokens, Token("", "", 0)]):
        if token.type == "heading_open":
            if opened:
                yield Token("details_close", "details", -1, block=True)
            opened = token.tag == "h3"
            if opened:
                yield Token("details_open", "details", 1, block=True)
            token.attrSet("id", following.content.lower().replace(" ", "-"))
        if token.tag == "h3":
            token.tag = "summary"
        yield token
    if opened:
        yield Token("details_close", "details", -1, block=True)
