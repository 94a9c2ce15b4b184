"""Hostile run folders: no command calls, unpickles, follows or writes what they name."""

import importlib
import io
import pkgutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from convolutions.scripts import call
from domains.go.engine.serve import build_engine
from shared.commands.evaluate import evaluate
from shared.commands.predict import predict
from shared.commands.train import train
from shared.config.cli import compose
from shared.config.domain import find_domain, names
from shared.errors import UserError
from shared.explain.command import explain_run
from shared.network.weights import check_optimizer_state
from shared.runs.publish import ship
from shared.runs.run import Run
from shared.runs.written import _domain, read_environment, read_metrics
from shared.training.optimizers import OPTIMIZERS, SCHEDULES, build
from tests.commands import set_key

PACKAGES = (
    "domains",
    "shared",
    "hydra",
    "pytorch_lightning",
    "torch.optim",
    "subprocess",
    "os",
    "builtins",
    "posix",
)
COMMANDS: dict[str, Callable[[Run], object]] = {
    "predict": lambda run: predict(compose("predict", [f"run={run.folder}", "input=x"])),
    "evaluate": lambda run: evaluate(compose("evaluate", [f"run={run.folder}"])),
    "explain": lambda run: explain_run(compose("explain", [f"run={run.folder}"])),
    "gtp": lambda run: build_engine(compose("gtp", [f"run={run.folder}"])),
    "ship": lambda run: ship(compose("ship", [f"run={run.folder}", "name=never"])),
    "resume": lambda run: train(compose("train", [f"resume={run.folder}"])),
    "init": lambda run: call("train", "domain=go", f"init={run.folder}"),
}
CLIENT = "domains.go.match.client.Client"  # starts any program


def change_checkpoints(run: Run, **changes: Any) -> None:
    for name in ("best", "last"):
        file = run.checkpoints / f"{name}.ckpt"
        torch.save(torch.load(file, weights_only=True) | changes, file)


def name_a_part(run: Run, mark: Path) -> None:
    set_key(run, "domain.module", CLIENT)
    change_checkpoints(run, hyper_parameters={"command": f"touch '{mark}'"}, state_dict={})


def name_arguments(run: Run, mark: Path) -> None:
    change_checkpoints(run, hyper_parameters={"command": f"touch '{mark}'"}, state_dict={})


def name_predict(run: Run, mark: Path) -> None:
    for role in ("predict", "explain", "bench"):
        set_key(run, f"domain.{role}", "os.system")


def name_data(run: Run, mark: Path) -> None:
    set_key(run, "data", {"_target_": CLIENT, "command": f"touch '{mark}'"})
    name_arguments(run, mark)


def climb(run: Run, mark: Path) -> None:
    set_key(run, "domain.name", str(mark.parent))
    change_checkpoints(run, domain=str(mark.parent))


def bomb_of_aliases(run: Run, mark: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x]"]
    lines += [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]"
        for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
    ]
    with (run.folder / "config.yaml").open("a") as file:
        file.write("\n".join(lines) + "\n")


def bomb_of_zeros(run: Run, mark: Path) -> None:
    for name in ("best", "last"):
        file = run.checkpoints / f"{name}.ckpt"
        packed = io.BytesIO()
        with zipfile.ZipFile(file) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.namelist():
                new.writestr(entry, old.read(entry) + bytes(10**5) * ("/data/" in entry))
        file.write_bytes(packed.getvalue())


def bomb_of_layers(run: Run, mark: Path) -> None:
    conv: Any = {"conv": {"filters": 10**6, "kernel": 3}}
    for _ in range(10):
        conv = {"repeat": {"times": 100, "layers": [conv]}}
    for name in ("best", "last"):
        settings = torch.load(run.checkpoints / f"{name}.ckpt", weights_only=True)["hyper_parameters"]
        settings["model"]["layers"] = [conv, *settings["model"]["layers"]]
    change_checkpoints(run, hyper_parameters=settings)
    set_key(run, "model.layers", settings["model"]["layers"])


def bomb_of_units(run: Run, mark: Path) -> None:
    layers = ["flatten", {"dense": 10**9}, {"dense": "classes"}]
    settings = torch.load(run.checkpoints / "best.ckpt", weights_only=True)["hyper_parameters"]
    settings["model"]["layers"] = layers
    change_checkpoints(run, hyper_parameters=settings)


def links(run: Run, mark: Path) -> None:
    outside = mark.parent / "outside"
    run.checkpoints.rename(outside)
    run.checkpoints.symlink_to(outside)


def interpolate(run: Run, mark: Path) -> None:
    set_key(run, "seed", "${oc.env:HOME}")


HOSTILE = [
    *(name_a_part, name_arguments, name_predict, name_data, climb, links, interpolate),
    *(bomb_of_aliases, bomb_of_zeros, bomb_of_layers, bomb_of_units),
]
HARMLESS = {  # commands that do not use the changed part
    (name_data, "predict"), (name_data, "gtp"), (name_data, "ship"),
    (name_arguments, "ship"), (bomb_of_units, "ship"), (bomb_of_layers, "ship"),
    (name_arguments, "resume"), (bomb_of_units, "resume"),
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("harm", HOSTILE)
def test_a_hostile_run_is_refused_in_one_line(
    trained_copy: Run,
    harm: Callable[[Run, Path], None],
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setattr("shared.runs.publish.PROJECT", tmp_path / "home")
    mark = tmp_path / "this-must-never-exist"
    if command == "resume":
        (trained_copy.folder / "metrics.json").unlink()
    harm(trained_copy, mark)
    if (harm, command) in HARMLESS:
        return
    before = stamps(tmp_path)
    with pytest.raises(UserError) as refused:
        COMMANDS[command](trained_copy)
    assert "\n" not in str(refused.value)
    assert stamps(tmp_path) == before
    assert not mark.exists()


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def callables() -> list[str]:
    """The names of everything callable in the modules of these packages, including methods."""
    callable_names = []
    for package in PACKAGES:
        module = importlib.import_module(package)
        modules = [
            package,
            *(
                submodule.name
                for submodule in pkgutil.walk_packages(getattr(module, "__path__", []), f"{package}.")
            ),
        ]
        for name in modules:
            if name.startswith(("domains", "shared")) or name in sys.modules:
                try:
                    holder = importlib.import_module(name)
                except ImportError:
                    continue
                for key, value in list(vars(holder).items()):
                    if callable(value):
                        callable_names.append(f"{name}.{key}")
                        callable_names += (
                            [f"{name}.{key}.{method}" for method in vars(value)]
                            if isinstance(value, type)
                            else []
                        )
    return callable_names


def test_a_configuration_reaches_only_listed_callables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every = callables()
    assert len(every) > 20_000
    reached: dict[str, set[str]] = {}

    def reach(role: str, legal: dict[str, Any], name: str) -> None:
        called = {key: lambda **_: reached.setdefault(role, set()).add(name) for key in legal}
        try:
            build(role, called, {"_target_": name})
        except UserError:
            return

    monkeypatch.setattr("shared.training.optimizers.nearest", lambda name, legal: "")
    lists = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}
    lists |= {f"data of {name}": find_domain(name).readers() for name in names()}
    loaded = set(sys.modules)
    for role, legal in lists.items():
        for name in every:
            reach(role, legal, name)
        assert reached[role] <= set(legal)
    assert set(sys.modules) == loaded
    own = find_domain("go").old_names()
    for name in every[::10]:
        for role in own:
            if name not in own.values():
                with pytest.raises(UserError, match=rf"^domain\.{role}: must be domains\.go\."):
                    _domain({"name": "go", role: name})


def test_the_domain_keys_of_older_runs_are_accepted(trained_copy: Run) -> None:
    for parts in (find_domain("go").old_names(), {"module": "domains.go.module.GoPolicy"}, {}):
        set_key(trained_copy, "domain", {"name": "go"} | parts)
        assert trained_copy.config.domain == {"name": "go"}


def test_a_run_does_not_choose_where_caches_and_downloads_are_written(
    trained_copy: Run, tmp_path: Path
) -> None:
    from shared.training.setup import trained_config

    set_key(trained_copy, "data.cache", str(tmp_path / "autostart"))
    assert trained_config(trained_copy).data.cache is None
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / f"games-1-{'0' * 24}.npz").touch()
    set_key(trained_copy, "data.cache", str(tmp_path / "kept"))
    assert trained_config(trained_copy).data.cache == str(tmp_path / "kept")
    assert (
        find_domain("speech").readers()["domains.speech.commands.CommandsData"].writing["download"] is False
    )


BROKEN = [
    *(b"", b"{", b"\x00\xff", b"[]", b"3", b"null", b"[" * 100_000, b'{"a": ' * 50_000, b"{}"),
    *(b'{"val/acc": "x"}', b'{"domain": NaN}', b'{"a": 1' + b"0" * 5000 + b"}", b'{"a": "\\ud800"}'),
]


@pytest.mark.parametrize("contents", BROKEN)
def test_broken_json_is_named(contents: bytes, tmp_path: Path) -> None:
    for name, read in {"metrics.json": read_metrics, "environment.json": read_environment}.items():
        (tmp_path / name).write_bytes(contents)
        with pytest.raises(UserError, match=rf"{name}: ") as refused:
            read(tmp_path / name)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("command", ["ship", "explain", "resume"])
def test_commands_name_broken_metrics(trained_copy: Run, command: str) -> None:
    (trained_copy.folder / "metrics.json").write_text('{"val/acc": ')
    with pytest.raises(UserError, match=r"metrics\.json: broken JSON: "):
        COMMANDS[command](trained_copy)


STATES: dict[str, Any] = {
    "another shape": lambda state: {"exp_avg": torch.zeros(1)},
    "one number for all": lambda state: {"exp_avg": torch.tensor(0.0)},
    "a view of one number": lambda state: {"exp_avg": torch.zeros(1).expand(state["exp_avg"].shape)},
    "steps": lambda state: {"step": torch.zeros(3)},
}


@pytest.mark.parametrize("damage", STATES.values(), ids=list(STATES))
def test_a_state_beyond_the_optimizer_s_parameters_is_refused(damage: Callable[[Any], Any]) -> None:
    """A fused optimizer step would read and write outside its arrays."""
    weight = torch.nn.Parameter(torch.zeros(100, 100))
    optimizer = torch.optim.AdamW([weight], fused=True)
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    check_optimizer_state(optimizer)
    state = optimizer.state_dict()
    state["state"][0] |= damage(state["state"][0])
    optimizer.load_state_dict(state)
    with pytest.raises(UserError, match=r"^optimizer_states\.(exp_avg|step): must be of shape "):
        check_optimizer_state(optimizer)


@pytest.mark.parametrize("path", ["..", "x/..", "../../.ssh", "best.ckpt/../../x", "other.ckpt"])
def test_a_checkpoint_cannot_name_a_file_to_remove(trained_copy: Run, path: str) -> None:
    state = torch.load(trained_copy.checkpoints / "last.ckpt", weights_only=True)
    for name, kept in state["callbacks"].items():
        if name.startswith("ModelCheckpoint"):
            kept["best_model_path"] = path
    change_checkpoints(trained_copy, callbacks=state["callbacks"])
    (trained_copy.folder / "metrics.json").unlink()
    with pytest.raises(UserError, match=r"last\.ckpt: callbacks\.ModelCheckpoint: must name best\.ckpt or"):
        COMMANDS["resume"](trained_copy)
