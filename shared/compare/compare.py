"""Train the entries of a comparison, a few at a time, and report."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from omegaconf import DictConfig

from shared.commands import SAME
from shared.compare.claims import judge
from shared.compare.entry import Entry
from shared.compare.jobs import Job, do
from shared.compare.report import write_report
from shared.compare.results import results, write_csv
from shared.compare.spec import read
from shared.config import Stopped, print_line, progress_bar
from shared.errors import UserError, require_int
from shared.files import held


def compare(config: DictConfig) -> Path:
    """Train what has not been trained yet, and write ``results.csv``, pictures and reports.

    Everything lies in ``<runs>/compare/<name>``, which is returned; what is finished there is kept. Failed
    entries are reported, and the rest continue.

    Raises:
        InUseError: Another process works on this comparison.
        UserError: The comparison or one of its entries is not valid, or, once all is written, entries failed.
    """
    folder = None if config.folder is None else str(Path(config.folder).absolute())
    require_int("n_jobs", config.n_jobs, 1)
    plan = read(config.compare, folder)
    plan.title = plan.title or config.choices.compare
    home = Path(config.runs).absolute() / "compare" / config.choices.compare
    entries = [Entry(plan, task, design, home / "trainings", folder) for task, design in plan.entries()]
    places: dict[Path, Entry] = {}
    for entry in entries:
        if (twin := places.setdefault(entry.measuring.folder, entry)) is not entry:
            raise UserError(
                f"compare.tasks.{entry.task}.cells: {entry.design!r} is {twin.design!r} again; remove one"
            )
    if config.train:
        try:
            with held(home):
                train(entries, config.n_jobs)
        except KeyboardInterrupt as stop:
            raise Stopped.saying(f"\nstopped; {SAME}", stop) from None
    finished = results(entries)
    judged = judge(plan, finished)
    write_csv(home / "results.csv", entries)
    write_report(home, plan, entries, finished, judged, config.figures)
    for claim in judged:
        print_line(f"{claim.verdict}: {claim.claim.says}")
    print_line(f"report: {home / 'report.html'}")
    failed = [f"{entry.task}, {entry.design}: {entry.failure}" for entry in entries if entry.failure]
    if failed:
        raise UserError(f"{len(failed)} of {len(entries)} entries failed:\n" + "\n".join(failed))
    return home


def train(entries: list[Entry], n_jobs: int) -> None:
    """Task by task: first the facts of each entry, then its learning rate, then one training per seed."""
    total = sum(1 + len(entry.seeds) + len(entry.factors) * (len(entry.factors) > 1) for entry in entries)
    with progress_bar() as bar:
        shown = bar.add_task("comparing", total=total, note="")

        def run(jobs: Sequence[Job]) -> None:
            waiting = [job for job in jobs if not job.done]
            bar.update(shown, advance=len(jobs) - len(waiting))
            with closing(do(waiting, n_jobs)) as ended:
                for job in ended:
                    bar.update(shown, description=job.folder.name, advance=1)
                    if job.failure or not bar.console.is_terminal:
                        print_line(f"{job.folder.name}: {job.failure or 'done'}", console=bar.console)

        for task in dict.fromkeys(entry.task for entry in entries):
            mine = [entry for entry in entries if entry.task == task]
            for entry in mine:  # one at a time: latency is measured while no training runs
                run([entry.measuring])
            run([job for entry in mine for job in entry.search()])
            run([job for entry in mine for job in entry.trainings()])
