"""An untrusted recipe cannot change Hydra's own settings."""

from pathlib import Path

import pytest
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.types import RunMode
from omegaconf import DictConfig

from shared.config.guard import CONF, Loader, check_hydra
from shared.errors import UserError
from tests.commands import command


def load(
    folder: Path | None, *overrides: str, name: str = "train", mode: RunMode = RunMode.RUN
) -> DictConfig:
    """What a command composes, with a folder as ``--config-dir``."""
    path = create_config_search_path(str(CONF))
    if folder:
        path.prepend("command-line", f"file://{folder}", SearchPathQuery(provider="schema"))
    return Loader(path).load_configuration(name, list(overrides), mode)


def write(folder: Path, **files: str) -> Path:
    """Untrusted files, by their path with ``__`` for the slash."""
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


GLOBAL = "# @package _global_\n"
CALL = "{_target_: domains.go.match.client.Client, command: touch HERE}"
HOSTILE = {
    "callback": {"experiment__x": f"{GLOBAL}hydra: {{callbacks: {{grid: {CALL}}}}}"},
    "the allowed callback": {
        "experiment__x": f"{GLOBAL}hydra: {{callbacks: {{b: {{_target_: shared.config.multirun.Grid}}}}}}"
    },
    "launcher": {"experiment__x": f"{GLOBAL}hydra: {{launcher: {{setup: [touch HERE]}}}}"},
    "environment": {"experiment__x": f"{GLOBAL}hydra: {{job: {{env_set: {{LD_PRELOAD: ./evil.so}}}}}}"},
    "logging": {"experiment__x": f"{GLOBAL}hydra: {{job_logging: {{handlers: {{x: {{(): os.system}}}}}}}}"},
    "folder": {"experiment__x": f"{GLOBAL}hydra: {{run: {{dir: ../elsewhere}}, output_subdir: x}}"},
    "mode": {"experiment__x": f"{GLOBAL}hydra: {{mode: MULTIRUN}}"},
    "package": {"experiment__x": f"# @package hydra.callbacks.grid\n{CALL}"},
    "package in defaults": {
        "experiment__x": f"{GLOBAL}defaults:\n  - /optimizer@hydra.callbacks.grid: evil",
        "optimizer__evil": CALL,
    },
    "package below global": {
        "experiment__x": f"{GLOBAL}defaults:\n  - /optimizer@_global_.hydra.callbacks.grid: evil",
        "optimizer__evil": CALL,
    },
    "group": {
        "experiment__x": f"{GLOBAL}defaults:\n  - override /hydra/launcher: evil",
        "hydra__launcher__evil": CALL,
    },
    "group of Hydra's": {"experiment__x": f"{GLOBAL}defaults:\n  - override /hydra/job_logging: default"},
    "file": {
        "experiment__x": f"{GLOBAL}defaults:\n  - /other/y",
        "other__y": f"{GLOBAL}hydra: {{run: {{dir: x}}}}",
    },
    "climbing": {
        "experiment__x": f"{GLOBAL}defaults:\n  - /hydra/../other/y",
        "other__y": f"{GLOBAL}hydra: {{run: {{dir: x}}}}",
    },
    "bomb": {
        "experiment__x": "a: &a [x, x]\n"
        + "\n".join(f"{b}: &{b} [*{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    },
    "not text": {"experiment__x": "\x00\x01"},
}


@pytest.mark.parametrize("files", HOSTILE.values(), ids=list(HOSTILE))
@pytest.mark.parametrize("mode", [RunMode.RUN, RunMode.MULTIRUN])
def test_an_untrusted_recipe_does_not_configure_hydra(
    files: dict[str, str], mode: RunMode, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"\.yaml: "):
        load(write(tmp_path, **files), "experiment=x", mode=mode)


def test_an_untrusted_primary_file_adds_no_search_path(tmp_path: Path) -> None:
    write(tmp_path, mine="defaults: [train]\nhydra: {searchpath: ['pkg://antigravity']}")
    with pytest.raises(UserError, match=r"mine\.yaml: hydra: must not be set"):
        load(tmp_path, name="mine")


@pytest.mark.parametrize(
    "override",
    [
        "+hydra.callbacks.x={_target_: os.system, command: x}",
        "hydra.callbacks.grid._target_=subprocess.run",
        "hydra.launcher._target_=builtins.eval",
        "hydra.sweeper._target_=shared.runs.run.Run",
        "+hydra.launcher.x={_target_: os.system}",
        "+hydra.sweeper.more={a: [{_target_: os.system}]}",
        "+hydra.job_logging.handlers={x: {class: shared.runs.run.Run}}",
        "+hydra.job_logging.handlers={x: {class: logging.StreamHandler, stream: 'ext://os.environ'}}",
        "+hydra.hydra_logging.filters={x: {factory: os.system}}",
    ],
)
def test_hydra_calls_only_targets_of_the_list(override: str) -> None:
    with pytest.raises(UserError, match=r"^hydra\."):
        load(None, override)


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
        ["hydra/launcher=submitit_local"],
        [
            "hydra/launcher=submitit_slurm",
            "hydra.launcher.partition=gpu",
            "hydra.launcher.setup=[module load x]",
        ],
        ["hydra/job_logging=default", "hydra/hydra_logging=default"],
        ["+hydra.job.env_set.OMP_NUM_THREADS=1", "hydra.run.dir=x"],
    ],
)
def test_what_a_user_types_still_works(overrides: list[str], tmp_path: Path) -> None:
    config = load(
        write(tmp_path, experiment__x=f"{GLOBAL}optimizer: {{lr: 0.5}}"), "experiment=x", *overrides
    )
    assert config.optimizer.lr == 0.5


@pytest.fixture
def callables() -> list[str]:
    """Names of all callables in the modules that are imported."""
    import sys

    names = []
    for name, module in sorted(sys.modules.items()):
        for key, value in list(vars(module).items()):
            if callable(value) and not key.startswith("__"):
                names.append(f"{name}.{key}")
    return names


def test_of_all_callables_hydra_may_call_its_few(callables: list[str]) -> None:
    assert len(callables) > 5000
    for logging in ({"()": "os.system"}, {"class": "os.system"}, {".": {"x": 1}}, {"stream": "cfg://x"}):
        with pytest.raises(UserError, match=r"^hydra\.job_logging\.handlers\.x\."):
            check_hydra({"job_logging": {"handlers": {"x": logging}}})
    for place in ("callbacks", "launcher", "sweeper"):
        passed = set()
        for name in callables:
            target = {"_target_": name}
            try:
                check_hydra({place: {"x": target} if place == "callbacks" else target})
            except UserError:
                continue
            passed.add(name)
        assert all(name.startswith(("shared.config.multirun.Grid", "hydra")) for name in passed), passed


def test_an_untrusted_sweep_folder_starts_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "this-must-never-exist"
    for number, where in enumerate(
        ("callbacks: {grid: CALL}", "launcher: CALL", "job_logging: {handlers: {x: CALL}}")
    ):
        target = "domains.go.match.client.Client"
        call = f"{{_target_: {target}, (): {target}, command: touch '{mark}'}}"
        text = f"{GLOBAL}hydra:\n  {where.replace('CALL', call)}"
        write(tmp_path / str(number), experiment__best=text)
        for more in ([], ["seed=0,1", "-m"]) if not number else ([],):
            done = command(
                "train", f"--config-dir={tmp_path / str(number)}", "experiment=best", *more, cwd=tmp_path
            )
            assert done.returncode == 1
            assert done.stderr.startswith("error: experiment/best.yaml: hydra: must not be set")
            assert "Traceback" not in done.stderr
    assert not mark.exists()
