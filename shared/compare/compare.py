"""Train the entries of a comparison, several at a time, and report."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from shared.commands import SAME
from shared.compare.check import agreement, read_plan
from shared.compare.choices import check_one_cause
from shared.compare.claims import judge
from shared.compare.entry import Entry
from shared.compare.fit import fitted
from shared.compare.jobs import Job, do
from shared.compare.kept import keep
from shared.compare.profile import Networks, facts
from shared.compare.report import write_report
from shared.compare.results import results, write_csv
from shared.compare.spec import Comparison, read
from shared.config import Stopped, print_line, progress_bar
from shared.errors import UserError, nearest, require_int
from shared.files import held, make_folder
from shared.network import Network

OVERHEAD = 2e10  # FLOPs in whose time a training begins, tests and ends: for the time that is left


def compare(config: DictConfig) -> Path:
    """Train what has not been trained yet, and write ``results.csv``, pictures and reports.

    Everything lies in ``<runs>/compare/<name>``, which is returned; what is finished there is kept. Failed
    entries are reported, and the rest continue. With ``check``, the plan of a report is trained with other
    seeds, and its verdicts are compared.

    Raises:
        InUseError: Another process works on this comparison.
        UserError: The comparison or one of its entries is not valid, or, once all is written, entries failed
            or verdicts did not agree.
    """
    folder = None if config.folder is None else str(Path(config.folder).absolute())
    require_int("n_jobs", config.n_jobs, 1)
    name, plan = config.choices.compare, None
    if config.check is None:
        plan = read(config.compare, folder)
        plan.title = plan.title or name
    else:
        name, plan = read_plan(Path(config.check), folder)
    only = _chosen(plan, config.only)
    home = Path(config.runs).absolute() / "compare" / name
    entries = [Entry(plan, task, design, home / "trainings", folder) for task, design in plan.entries()]
    _check_twins(entries)
    if config.train:
        try:
            with held(home):
                measure([entry for entry in entries if entry.task in only])
                check_causes(plan, entries)
                train([entry for entry in entries if entry.task in only], config.n_jobs, config.latency)
        except KeyboardInterrupt as stop:
            raise Stopped.saying(f"\nstopped; {SAME}", stop) from None
    make_folder("runs", home)
    finished = results(entries)
    judged = judge(plan, finished)
    write_csv(home / "results.csv", entries)
    keep(home, plan, entries, finished, judged)
    write_report(home, plan, entries, finished, judged, config.figures)
    for claim in judged:
        print_line(f"{claim.verdict}: {claim.claim.says}")
    print_line(f"report: {home / 'report.html'}")
    failed = [f"{entry.task}, {entry.design}: {entry.failure}" for entry in entries if entry.failure]
    if failed:
        raise UserError(f"{len(failed)} of {len(entries)} entries failed:\n" + "\n".join(failed))
    if config.check is not None:
        agreement(Path(config.check), home)
    return home


def _chosen(plan: Comparison, only: Sequence[str] | None) -> list[str]:
    """The tasks that are trained now."""
    tasks = list(plan.tasks) if only is None else list(only)
    if unknown := [name for name in tasks if name not in plan.tasks]:
        raise UserError(f"only: {unknown[0]!r} is no task here; {nearest(unknown[0], list(plan.tasks))}")
    return tasks


def _check_twins(entries: Sequence[Entry]) -> None:
    places: dict[Path, Entry] = {}
    for entry in entries:
        if (twin := places.setdefault(entry.folder, entry)) is not entry:
            raise UserError(
                f"compare.tasks.{entry.task}.designs: {entry.design!r} is {twin.design!r} again; remove one"
            )


def measure(entries: Sequence[Entry]) -> None:
    """Find the facts of each entry, and the widths that give it the size of its task's first."""
    networks, firsts = Networks(), {entry.task: entry for entry in reversed(entries)}
    for entry in entries:
        if entry.facts:
            continue
        try:
            widths = {}
            if entry.plan.fit:
                first = firsts[entry.task].facts
                if not first:
                    continue  # which has failed
                build = partial(_build, networks, entry)
                widths = fitted(entry.plan.fit, entry.configuration, build, first)
            entry.know(facts(_build(networks, entry, widths), widths))
        except UserError as error:
            entry.refuse(str(error))


def _build(networks: Networks, entry: Entry, widths: dict[str, Any]) -> Network:
    return networks.build(entry.with_widths(widths))


def check_causes(plan: Comparison, entries: Sequence[Entry]) -> None:
    """Refuse a part of a claim whose designs differ in more than the choice that it names."""
    known = {(entry.task, entry.design): entry for entry in entries}
    for number, claim in enumerate(plan.claims):
        for part in claim.parts:
            for task in part.compared_on(*part.tasks):
                better, than = known[task, part.better], known[task, part.than]
                if better.facts and than.facts:
                    place = f"compare.claims[{number}], {task}"
                    designs = better.facts["design"], than.facts["design"]
                    check_one_cause(part, place, *designs, _beside(better, than))


def _beside(better: Entry, than: Entry) -> dict[str, str]:
    """The settings beside the layers in which two designs differ."""
    a, b = better.settings_beside(), than.settings_beside()
    keys = sorted(key for key in a.keys() | b.keys() if a.get(key) != b.get(key))
    return {key: f"{a.get(key)} against {b.get(key)}" for key in keys}


def train(entries: Sequence[Entry], n_jobs: int, with_latency: bool) -> None:
    """The smallest budget of all tasks first: of each entry its learning rate, then a training per seed.

    With latency, the time of a prediction is measured last, while nothing else runs.
    """
    ranks = max((len(entry.budgets) for entry in entries), default=0)

    def waiting() -> Iterator[Job]:
        for rank in range(ranks):
            for entry in entries:
                if entry.facts and rank < len(entry.budgets):
                    yield from entry.waiting(entry.budgets[rank])

    def timings() -> list[Job]:
        return [job for entry in entries if with_latency and (job := entry.timing)]

    with progress_bar(counted=False) as bar:
        shown = bar.add_task("comparing", total=1.0, note="")
        begun, before = time.monotonic(), _share(entries)[0]
        with closing(do(waiting, n_jobs)) as ended:
            for job in ended:
                share, note = _share(entries)
                bar.update(shown, description=job.folder.name, completed=share, note=note)
                if job.failure or not bar.console.is_terminal:
                    left = (time.monotonic() - begun) * (1 - share) / max(share - before, 1e-9)
                    said = job.failure or f"done, {note}, {left / 60:.0f} min left"
                    print_line(f"{job.folder.name}: {said}", console=bar.console)
        with closing(do(timings, 1)) as ended:
            for _ in ended:
                pass


def _share(entries: Sequence[Entry]) -> tuple[float, str]:
    """How much of the work is done, by its FLOPs, and how many of the trainings."""
    done = total = 0.0
    ended = expected = 0
    for entry in entries:
        for budget in entry.budgets if entry.facts else ():
            assert entry.facts
            cost = OVERHEAD + 3 * entry.samples(budget) * entry.facts["flops"]
            runs = sum(1 for job in (*entry.search(budget), *entry.trainings(budget)) if job.run)
            done, ended = done + runs * cost, ended + runs
            total, expected = total + entry.expected(budget) * cost, expected + entry.expected(budget)
    return done / max(total, 1.0), f"{ended} of {expected} trainings"
