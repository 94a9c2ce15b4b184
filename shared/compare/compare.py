"""Train the cells of a comparison, a few at a time, and report."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from shared.commands import SAME
from shared.compare.claims import judge
from shared.compare.entry import Cell
from shared.compare.jobs import Job, Workers
from shared.compare.report import write_report
from shared.compare.results import results, write_csv
from shared.compare.spec import read
from shared.config import Stopped, print_line, progress_bar
from shared.errors import UserError, require_int
from shared.files import held


def compare(config: DictConfig) -> Path:
    """Train what has not been trained yet, and write ``results.csv``, pictures and reports.

    Everything lies in ``<runs>/compare/<name>``; what is finished there is kept. A cell that fails is shown
    as failed, and the others go on.

    Returns:
        The folder.

    Raises:
        InUseError: Another process works on this comparison.
        UserError: The comparison or one of its cells makes no sense, or, once all is written, cells failed.
    """
    folder = None if config.folder is None else str(Path(config.folder).absolute())
    require_int("n_jobs", config.n_jobs, 1)
    plan = read(config.compare, folder)
    plan.title = plan.title or config.choices.compare
    home = Path(config.runs).absolute() / "compare" / config.choices.compare
    cells = [Cell(plan, task, design, home / "trainings", folder) for task, design in plan.cells()]
    places: dict[Path, Cell] = {}
    for cell in cells:
        if (twin := places.setdefault(cell.measuring.folder, cell)) is not cell:
            raise UserError(
                f"compare.tasks.{cell.task}.cells: {cell.design!r} is {twin.design!r} again; leave one out"
            )
    if config.train:
        try:
            with held(home):
                train(cells, config.n_jobs)
        except KeyboardInterrupt as stop:
            raise Stopped.saying(f"\nstopped; {SAME}", stop) from None
    found = results(cells)
    judged = judge(plan, found)
    write_csv(home / "results.csv", cells)
    write_report(home, plan, cells, found, judged)
    for each in judged:
        print_line(f"{each.verdict}: {each.claim.says}")
    print_line(f"report: {home / 'report.html'}")
    failed = [f"{cell.task}, {cell.design}: {cell.failure}" for cell in cells if cell.failure]
    if failed:
        raise UserError(f"{len(failed)} of {len(cells)} cells failed:\n" + "\n".join(failed))
    return home


def train(cells: list[Cell], n_jobs: int) -> None:
    """Task by task: first the facts of each cell, then its learning rate, then one training a seed."""
    total = sum(1 + len(cell.seeds) + (len(cell.factors) if len(cell.factors) > 1 else 0) for cell in cells)
    with Workers(n_jobs) as workers, progress_bar() as bar:
        shown = bar.add_task("comparing", total=total, note="")

        def run(jobs: Sequence[Job]) -> None:
            waiting = [job for job in jobs if not job.done]
            bar.update(shown, advance=len(jobs) - len(waiting))
            for job in workers.run(waiting):
                bar.update(shown, description=job.folder.name, advance=1)
                if job.failure or not bar.console.is_terminal:
                    print_line(f"{job.folder.name}: {job.failure or 'done'}", console=bar.console)

        for task in dict.fromkeys(cell.task for cell in cells):
            mine = [cell for cell in cells if cell.task == task]
            for cell in mine:  # one at a time: latency is measured while nothing else of ours runs
                run([cell.measuring])
            run([each.job for cell in mine for each in cell.search()])
            run([each.job for cell in mine for each in cell.trainings()])
