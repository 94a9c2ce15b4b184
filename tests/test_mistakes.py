"""Mistakes that commands report without torch and data: one line, exit code 1, no file written."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from shared.config.check import check_training
from shared.config.cli import compose
from shared.config.multirun import Grid
from shared.errors import UserError
from tests.commands import PROJECT, TINY

# Modules that the commands import after the check of their arguments.
HEAVY = (
    "torch", "shared.commands", "shared.explain", "shared.sweep", "shared.compare",
    "domains.go.engine",
)  # fmt: skip

Mistake = Callable[..., str]


@pytest.fixture
def mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mistake:
    """Runs a command in an empty folder and returns its last line; torch cannot be imported."""
    for name in HEAVY:
        monkeypatch.setitem(sys.modules, name, None)
    return giver(tmp_path, monkeypatch, capsys)


@pytest.fixture
def late_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Mistake:
    """The same for mistakes that only torch or the data reveal."""
    return giver(tmp_path, monkeypatch, capsys)


def giver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mistake:
    monkeypatch.chdir(tmp_path)

    def give(script: str, *words: str) -> str:
        path = PROJECT / "scripts" / f"{script}.py"
        spec = importlib.util.spec_from_file_location(f"script_{script}", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        GlobalHydra.instance().clear()
        monkeypatch.setattr(Grid, "folder", None)
        monkeypatch.setattr(sys, "argv", [str(path), *words])
        before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
        with pytest.raises(SystemExit) as end:
            module.main()
        printed = capsys.readouterr()
        message = end.value.code  # a text: Python prints it on standard error, and exits with 1
        assert isinstance(message, str), end.value.code
        assert message.startswith("error: ")
        assert "\n" not in message
        assert printed.out + printed.err == ""
        assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
        return message.removeprefix("error: ")

    return give


KEYS = [
    ("+foo.bar=1", "foo: there is no such key"),
    ("++foo=1", "foo: there is no such key"),
    ("logger=wanbd", "logger/wanbd: there is no such file in conf/; did you mean 'logger/wandb'?"),
    ("logger=[csv,wanbd]", "logger/wanbd: there is no such file in conf/; did you mean 'logger/wandb'?"),
    ("logger=null", "logger: must be a file of conf/logger, got null"),
    ("+logger.comet={}", "logger.comet: there is no such key"),
    ("+logger.tensorboard.save_dir=x", "logger.tensorboard.save_dir: there is no such key"),
    ("+callbacks.swa={}", "callbacks.swa: there is no such key"),
    ("init=RUN", "init: RUN: no run here"),
    ("freeze=conv1", "freeze: must be a list of text, got 'conv1'"),
    ("freeze=[1]", "freeze[0]: must be text, got 1"),
    ("+training.class_weights=balanced", "training.class_weights: there is no such key"),
    ("+trainer.foo=1", "trainer.foo: there is no such key"),
    ("+trainer.logger=false", "trainer.logger: must not be set, got false"),
    ("+data.foo=1", "data.foo: there is no such key"),
    ("+data.seed=1", "data.seed: there is no such key"),
    ("+optimizer.foo=1", "optimizer.foo: there is no such key"),
    ("+optimizer.params=[]", "optimizer.params: there is no such key"),
    ("+schedule.foo=1", "schedule.foo: there is no such key"),
    ("+model.foo=1", "model.foo: nothing reads it"),
    ("+domain.module=os.system", "domain.module: there is no such key"),
    ("lr=0.1", "lr: there is no such key; did you mean 'optimizer.lr'?"),
    ("+lr=0.1", "lr: there is no such key; did you mean 'optimizer.lr'?"),
    ("epochs=3", "did you mean 'trainer.max_epochs'?"),
    ("batch_size=3", "did you mean 'data.batch_size'?"),
    ("model.fliters=3", "model.fliters: there is no such key; did you mean 'model.filters'?"),
    ("trainer.max_epoch=3", "did you mean 'trainer.max_epochs'?"),
    ("~seed", "seed: must not be taken away"),
    ("~model.layers", "model.layers: must be given"),
    ("~data.fractions", "data.fractions: must be a mapping, but it is missing"),
]

CHOICES = [
    ("model=go/polcy", "model/go/polcy: there is no such file in conf/; did you mean 'model/go/policy'?"),
    ("domain=og", "did you mean 'domain/go'?"),
    ("model=image/lecture", "must be of domain=go, got one of domain=image; give domain=image, or model="),
    ("data=image/digits", "data= one of: go/sample, go/sgf"),
    ("trainer=null", "trainer: must be a file of conf/trainer, got null"),
    ("data=go/sgf", "data.path is not set: give data.path=…"),
    ("resume=nowhere", "nowhere: no run here"),
    (
        "model.filters=${model.filtres}",
        "${model.filtres}: there is no such key; did you mean 'model.filters'?",
    ),
    ("data.batch_size=${nothing:1}", "data.batch_size: Unsupported interpolation type nothing"),
    ("data.fractions={a", "data.fractions: must be a value that Hydra reads, got {a; put it in quotes: "),
    ("image", "image: must be KEY=VALUE, such as domain=image"),
    ("--domain=image", "--domain=image: must be KEY=VALUE or a flag of --help; write domain=image"),
    ("--multrun", "did you mean '--multirun'?"),
]

VALUES = [
    ("seed=x", "seed: must be a whole number from 0 to 4,294,967,295, got 'x'"),
    ("seed=-1", "seed: must be"),
    ("seed=true", "seed: must be"),
    ("test=maybe", "test: must be true or false, got 'maybe'"),
    ("optimizer.lr=fast", "optimizer.lr: must be a number above 0, got 'fast'"),
    ("optimizer.lr=0", "optimizer.lr: must be a number above 0, got 0"),
    ("optimizer.lr=-1", "optimizer.lr: must be a number above 0, got -1"),
    ("optimizer.lr=nan", "optimizer.lr: must be a number above 0, got nan"),
    ("optimizer.lr=inf", "optimizer.lr: must be a number above 0, got inf"),
    ("optimizer.lr=null", "optimizer.lr: must be a number above 0, got null"),
    ("optimizer.weight_decay=-0.1", "optimizer.weight_decay: must be a number from 0, got -0.1"),
    ("+optimizer.betas=[0.9,1]", "optimizer.betas[1]: must be a number in [0, 1), got 1"),
    ("optimizer.lr=[0.1]", "optimizer.lr: must be a number above 0, got [0.1]"),
    ("optimizer.fused=7", "optimizer.fused: must be true or false or null, got 7"),
    ("schedule.pct_start=2", "schedule.pct_start: must be a number in [0, 1), got 2"),
    ("schedule.total_steps=0", "schedule.total_steps: must be a whole number from 1 or null, got 0"),
    ("training.label_smoothing=1.5", "training.label_smoothing: must be a number in [0, 1), got 1.5"),
    ("training.ema=2", "training.ema: must be a number in (0, 1) or null, got 2"),
    ("training.ema=1", "training.ema: must be"),
    ("training.patience=0", "training.patience: must be a whole number from 1 or null, got 0"),
    ("training.patience=two", "training.patience: must be"),
    ("data.batch_size=0", "data.batch_size: must be a whole number from 1, got 0"),
    ("data.batch_size=many", "data.batch_size: must be a whole number from 1, got 'many'"),
    ("data.workers=-1", "data.workers: must be a whole number from 0, got -1"),
    ("data.epoch_size=1.5", "data.epoch_size: must be a whole number from 1 or null, got 1.5"),
    ("data.strict=perhaps", "data.strict: must be true or false, got 'perhaps'"),
    ("data.fractions=0.1", "data.fractions: must be a mapping, got 0.1"),
    ("data.fractions.val=much", "data.fractions.val: must be a number, got 'much'"),
    ("data.fractions.tset=0.1", "data.fractions.tset: there is no such key; did you mean 'test'?"),
    ("data.val_size=[1]", "data.val_size: must be a whole number or null, got [1]"),
    ("training.mode=most", "training.mode: must be 'max' or 'min', got 'most'"),
    ("training.monitor=3", "training.monitor: must be text, got 3"),
    ("training.monitor=val/loss", "training.mode: must be min beside training.monitor=val/loss, got max"),
]

TRAINER = [
    ("max_epochs=0", "must be a whole number from 1, got 0"),
    ("max_epochs=-1", "must be a whole number from 1, got -1"),
    ("max_epochs=1.5", "must be a whole number from 1, got 1.5"),
    ("max_epochs=null", "must be a whole number from 1, got null"),
    ("max_epochs=true", "must be a whole number from 1, got true"),
    ("limit_val_batches=0", "must be a whole number from 1 or a number in (0, 1] or null, got 0"),
    ("limit_val_batches=1.5", "must be "),
    ("limit_test_batches=0.0", "must be "),
    ("limit_train_batches=-3", "must be "),
    ("limit_train_batches=nan", "must be "),
    ("accumulate_grad_batches=0", "must be a whole number from 1, got 0"),
    ("gradient_clip_val=-1", "must be a number from 0 or null, got -1"),
    ("gradient_clip_algorithm=median", "must be 'norm' or 'value' or null, got 'median'"),
    ("precision=foo", "must be 'auto' or 16 or 32 or 64"),
    ("devices=0", "must be auto, a number of devices from 1, or a list of their numbers from 0, got 0"),
    ("devices=[0,0]", "must be "),
    ("devices=many", "must be "),
    ("accelerator=3", "must be text, got 3"),
    ("strategy=null", "must be text, got null"),
    ("num_nodes=0", "must be a whole number from 1, got 0"),
    ("deterministic=7", "must be true or false or 'warn' or null, got 7"),
    ("detect_anomaly=1", "must be true or false, got 1"),
    ("enable_progress_bar=yes please", "must be true or false, got 'yes please'"),
    ("fast_dev_run=true", "must not be set, got true; "),
    ("max_steps=2", "must not be set, got 2; give trainer.max_epochs and data.epoch_size"),
    ("min_steps=2", "must not be set"),
    ("max_time=00:00:00:10", "must not be set"),
    ("min_epochs=2", "must not be set"),
    ("check_val_every_n_epoch=2", "must not be set"),
    ("val_check_interval=0.5", "must not be set"),
    ("overfit_batches=1", "must not be set"),
    ("num_sanity_val_steps=2", "must not be set"),
    ("enable_checkpointing=false", "must not be set"),
    ("default_root_dir=here", "must not be set"),
    ("callbacks=[]", "must not be set"),
    ("barebones=true", "must not be set"),
]

ALIGNED = ["domain=speech", "data=speech/aligned"]
OTHERS = [
    ("train", ["--domain", "image"], "--domain: must be KEY=VALUE or a flag of --help; write domain=image"),
    ("train", ["resume=x", "seed=1"], "seed: must not be set beside resume, got 1"),
    ("train", ["resume=x", "init=go/policy"], "init: must not be set beside resume, got 'go/policy'"),
    ("train", ["resume=x", "freeze=[conv1]"], "freeze: must not be set beside resume"),
    ("train", ["trainer.max_epochs=0", "resume=x"], "trainer.max_epochs: must be a whole number from 1"),
    ("train", ["domain=text", "init=go/policy"], "init: must be a run of domain=text, got go/policy, of go"),
    ("train", ["init=go/policy", "model.filters=8"], "model.filters: must not be set beside init, got 8; "),
    ("repeat", ["init=x"], "init: x: no run here"),
    ("bench", ["init=go/policy"], "init: must not be set"),
    ("train", ["domain=text", "model=image/lecture"], "model= one of: text/both, text/characters"),
    ("train", ["domain=image", "data=speech/folder"], "must be of domain=image, got one of domain=speech"),
    ("train", ["domain=image", "model=lectre"], "model/lectre: there is no such file in conf/"),
    ("train", ["domain=text", "~model.spread"], "model.spread: must be given"),
    ("train", ["domain=text", "data.path=[a,b]"], "data.path: must be text, got ['/"),
    ("train", ["domain=speech", "data.max_seconds=long"], "data.max_seconds: must be a number, got 'long'"),
    ("train", ["optimizer=sgd", "optimizer.momentum=1"], "optimizer.momentum: must be a number in [0, 1)"),
    ("train", ["schedule=halving", "schedule.step_size=0"], "schedule.step_size: must be a whole number"),
    ("train", ALIGNED, "data.path is not set: give data.path=…"),
    ("train", [*ALIGNED, "data.path=x", "data.gaps=pause"], "data.gaps: must be 'silence' or null, got 'pau"),
    ("train", [*ALIGNED, "data.path=x", "data.tier=3"], "data.tier: must be text, got 3"),
    ("train", [*ALIGNED, "data.path=x", "+data.background=a"], "data.background: there is no such key"),
    ("train", ["-m", "model=go/polcy,go/policy"], "model/go/polcy: there is no such file in conf/"),
    ("sweep", ["sweep=go/policy", "resume=x"], "resume: must not be set"),
    ("sweep", ["sweep=go/policy", "test=true"], "test: must not be set"),
    ("sweep", ["sweep.smpler=tpe"], "did you mean 'sweep.sampler'?"),
    ("sweep", ["+sweep.foo=1"], "sweep.foo: there is no such key"),
    ("repeat", ["resume=x"], "resume: must not be set"),
    ("repeat", ["+repeat.foo=1"], "repeat.foo: there is no such key"),
    ("bench", ["trainer.max_epochs=3"], "trainer.max_epochs: must not be set"),
    ("compare", ["compare=quik"], "did you mean 'compare/quick'?"),
    ("compare", ["+foo=1"], "foo: there is no such key"),
    ("evaluate", [], "run is not set: give run=…"),
    ("evaluate", ["run=nowhere"], "nowhere: no run here"),
    ("evaluate", ["run=go/policy", "data.wrkers=1"], "did you mean 'workers'?"),
    ("evaluate", ["run=go/policy", "data.workers=x"], "data.workers: must be a whole number from 0, got 'x'"),
    ("evaluate", ["run=go/policy", "data=image/digits"], "data=image/digits: must be of domain=go"),
    ("evaluate", ["run=go/policy", "checkpoint=middle"], "checkpoint: must be best or last, got middle"),
    ("explain", ["run=go/policy", "data.foo=1"], "data.foo: there is no such key"),
    ("explain", ["run=go/policy", "input=a", "item=3"], "item: must not be set beside input"),
    ("explain", ["run=go/policy", "style=no.png"], "style=no.png: no such file or folder"),
    ("predict", ["run=nowhere", "text=it's good, isn't it?"], "nowhere: no run here"),
    ("predict", ["run=go/policy", "input=a", "text=b"], "text: must not be set beside input"),
    ("predict", ["run=go/policy", "input=my game (2).sgf"], "input=my game (2).sgf: no such file or folder"),
    ("predict", ["run=go/policy", "text=Great film, loved it!"], "text=Great film, loved it!: not an option"),
    ("predict", ["run=go/policy", "+foo=null"], "foo=None: not an option of the domain go; "),
    ("predict", ["run=go/policy", "mov=3"], "mov: there is no such key; did you mean 'move'?"),
    ("ship", ["run=it's (1), here"], "it's (1), here: no run here"),
    ("gtp", ["run=nowhere"], "nowhere: no run here"),
    ("match", ["gmes=2"], "did you mean 'games'?"),
]  # fmt: skip

TABLE = [
    *(("train", [word], said) for word, said in [*KEYS, *CHOICES, *VALUES[::5]]),
    *OTHERS,
]


@pytest.mark.parametrize(("script", "words", "said"), TABLE)
def test_a_mistake_is_one_line(mistake: Mistake, script: str, words: list[str], said: str) -> None:
    assert said in mistake(script, *words)


@pytest.fixture(scope="module")
def training() -> DictConfig:
    return compose("train", [])


@pytest.mark.parametrize(
    ("word", "said"),
    [*VALUES, *((f"trainer.{word}", f"trainer.{word.split('=')[0]}: {said}") for word, said in TRAINER)],
)
def test_a_value_out_of_range_is_refused_by_name(training: DictConfig, word: str, said: str) -> None:
    override = OverridesParser.create().parse_override(word.lstrip("+"))
    config = training.copy()
    OmegaConf.update(config, override.key_or_group, override.value(), merge=False, force_add=True)
    with pytest.raises(UserError) as error:
        check_training(config)
    assert said in str(error.value)


FILES = [
    ("model", "filters: 3\nlayers:\n  - conv: {filters: 3\n  - flatten\n", "mine.yaml, line 5: broken YAML"),
    ("model", "layers: [flatten, dense: classes]\ndepht: 3\n", "model.depht: nothing reads it"),
    ("model", "filters: 3\nlayers: [flatten, dense: '${model.filtres}']\n", "did you mean 'model.filters'?"),
    ("model", "filters: 3\n", "model.layers: must be given"),
    ("experiment", "# @package _global_\ntrainer: {max_epoch: 3}\n", "did you mean 'max_epochs'?"),
    ("experiment", "# @package _global_\ntrainer: {max_epochs: many}\n", "trainer.max_epochs: must be"),
    ("experiment", "# @package _global_\nlogger: {comet: {}}\n", "logger.comet: there is no such key"),
    ("experiment", "# @package _global_\nlogger: wandb\n", "logger: must be chosen, got 'wandb'"),
    ("experiment", "# @package _global_\n\ttrainer: 3\n", "mine.yaml, line 2: broken YAML"),
    ("experiment", "# @package _global_\ndata: {path: [}\n", "mine.yaml, line 2: broken YAML"),
    ("data", "defaults: [/data/image/digits@_here_]\nagument: {flip: true}\n", "did you mean 'augment'?"),
]  # fmt: skip


@pytest.mark.parametrize(("group", "text", "said"), FILES)
def test_a_mistake_in_an_own_file_is_one_line(
    mistake: Mistake, tmp_path: Path, group: str, text: str, said: str
) -> None:
    (tmp_path / "conf" / group).mkdir(parents=True)
    (tmp_path / "conf" / group / "mine.yaml").write_text(text)
    assert said in mistake("train", "--config-dir", "conf", "domain=image", f"{group}=mine")


def test_a_text_model_without_tokens_names_the_keys_to_add(mistake: Mistake, tmp_path: Path) -> None:
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "mine.yaml").write_text("layers: [flatten, dense: classes]\n")
    said = mistake("train", "--config-dir", "conf", "domain=text", "model=mine")
    assert said.startswith("model.tokens: must be given, since data.tokens is ${model.tokens}; ")
    assert "tokens: words" in said


def test_a_run_s_own_keys_of_data_need_no_plus(mistake: Mistake) -> None:
    """The keys are accepted: the error is that of the module of the command, which the fixture hides."""
    with pytest.raises(ModuleNotFoundError, match="commands"):
        mistake("evaluate", "run=go/policy", "data.workers=1", "data.path=it's, here (1)")


LATE = [
    (["data.path=/no/such/games"], "/no/such/games: no such file or folder"),
    (["runs=/proc/none"], "runs=/proc/none: "),
    (["optimizer._target_=os.system"], "optimizer._target_: must be one of "),
    (["data._target_=os.system"], "data._target_: must be one of "),
    (
        ["model.planes=[stones]"],
        "model.planes: must be alphago or groups of planes, got 'stones'; did you mean 'ones'?",
    ),
    (["data.min_rank=strong"], "strong"),
    (["data.fractions.test=2"], "fractions"),
    (["model.filters=many"], "layers[0].defaults.conv.filters: must be a whole number from 1, got 'many'"),
    (["model.layers=[flatten]", "model.filters=4"], "model.filters: nothing reads it"),
    (
        ["logger=[]", "callbacks=learning_rate"],
        "callbacks.learning_rate: must not be set beside",
    ),
    (["logger=[tensorboard,wandb]", "logger.wandb.offline=perhaps"], "logger.wandb.offline: must be true or"),
    (["trainer.accelerator=abacus"], "trainer.accelerator: must be "),
    (["trainer.accelerator=gpu"], "trainer.accelerator: must be "),
    (["trainer.strategy=foo"], "trainer.strategy: must be "),
    (["trainer.accelerator=cpu", "trainer.devices=999"], "trainer.devices: must be at most "),
    (["trainer.accelerator=cpu", "trainer.precision=16-mixed"], "trainer.precision: must be "),
    (["optimizer=sgd", "optimizer.momentum=0"], "Nesterov momentum requires a momentum"),
]


def test_keys_that_other_layers_do_not_use_are_accepted(late_mistake: Mistake) -> None:
    layers = "model.layers=[{conv: {filters: 8, kernel: 21}}, flatten]"
    assert "layers[0].conv.kernel: must be at most 19, the size of axis 1" in late_mistake(
        "train", "domain=go", layers
    )


@pytest.mark.parametrize(("words", "said"), LATE)
def test_a_mistake_that_torch_reports_is_one_line(late_mistake: Mistake, words: list[str], said: str) -> None:
    assert said in late_mistake("train", *TINY, *words)
