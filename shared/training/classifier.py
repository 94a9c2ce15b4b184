"""The LightningModule under every domain: a network, its loss, its optimizer and its metrics."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from pytorch_lightning.callbacks import ModelCheckpoint, WeightAveraging
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from shared.config import Balance, Loss, Monitor
from shared.errors import UserError, shown
from shared.network import Axis, Layer, build_network, check_optimizer_state, single_layers
from shared.results import Score, rate, score
from shared.runs import LENGTHS, check_plan
from shared.training.data import DataModule, Fitted, Preprocessing, evenly
from shared.training.draws import Draw
from shared.training.metrics import metrics
from shared.training.optimizers import OPTIMIZERS, SCHEDULES, build
from shared.training.over_time import UNLABELLED, Matched, Segment, Windows, match, match_boundaries

if TYPE_CHECKING:
    from shared.training.familiarity import Record
    from shared.training.teacher import Teacher

Batch = dict[str, Tensor]  # as ``Dataset`` describes it
OVER_TIME = ("window", "edits", "label_count", "boundaries_found", "boundary_count")  # of ``test_columns``
FITTED = 2000  # training items that whitening filters are made from


class Outputs(NamedTuple):
    """What counts of a batch, R rows: items, or over time labelled windows, or with CTC labels."""

    logits: Float[Tensor, "r classes"]
    y: Int[Tensor, " r"]
    windows: Windows | None = None  # over time: all windows
    rows: Int[Tensor, " r"] | None = None  # and the number of each row's window
    matched: Matched | None = None  # with CTC


class Classifier(pl.LightningModule):
    """A network that predicts the class of its input, or over time of each window of its input.

    A domain overrides ``preprocess`` (from a batch to what the layers take), and where it needs to
    ``prepare``, ``logits`` (to average over views), ``properties``, ``test_columns`` and ``scores``.

    Over time, batches have ``y`` (N, cells), the label of each cell along the axis of the windows, and
    ``labels`` (N, longest), the labels in order; -1 is none. With ``loss`` ctc, ``labels`` alone train, and
    the last class is the blank.

    ``model``, ``optimizer`` and ``schedule`` are nodes of the configuration; ``planes``, ``extent``,
    ``classes`` and ``preprocessing`` are those of ``DataModule``; ``label_smoothing`` is the share of the
    target spread over all classes (Szegedy et al. 2016, section 7); ``balance`` as of ``DataModule``;
    ``freeze`` names the parts that ``hold`` keeps as they are; ``taught`` says by which weights, and to which
    share, a network was taught, for its checkpoint.

    Attributes:
        views: Number of views of an input over which ``logits`` averages: 1, unless the caller sets that of
            its data (``DataModule.views``), to test and to predict.
        record: What validation says of its predictions, where the caller has read it.
        teacher: In training, the network whose probabilities it learns too.
        between: Over time, the class of what lies between labels, such as silence; ``labels`` leave it out.
        tolerance: Over time, the cells that a boundary may be off.
    """

    class_weights: Tensor | None
    domain: ClassVar[str]
    state_type: ClassVar[type[Preprocessing]] = Preprocessing
    views: int = 1
    between: ClassVar[str | None] = None
    tolerance: float = 1.0
    record: "Record | None" = None
    teacher: "Teacher | None" = None

    def __init__(
        self,
        *,
        model: dict[str, Any],
        planes: int,
        extent: tuple[int | None, int | None],
        classes: list[str],
        optimizer: dict[str, Any],
        schedule: dict[str, Any],
        preprocessing: Preprocessing,
        loss: Loss = "cross_entropy",
        label_smoothing: float = 0.0,
        balance: Balance = None,
        freeze: Sequence[str] = (),
        taught: dict[str, Any] | None = None,
    ):
        super().__init__()
        for name in classes:
            if any(unicodedata.category(character) == "Cc" for character in name):  # terminals obey them
                raise UserError(f"classes: must be names without control characters, got {name[:80]!r}")
        self.save_hyperparameters(logger=False)
        self.hparams["preprocessing"] = asdict(preprocessing)  # a checkpoint holds plain values alone
        self.classes, self.preprocessing = classes, preprocessing
        self.network = build_network(model.get("layers"), planes, (extent[0], extent[1]), len(classes))
        self.optimizer_settings, self.schedule_settings = optimizer, schedule
        self.label_smoothing, self.balance, self.freeze_patterns = label_smoothing, balance, freeze
        self.with_ctc = loss == "ctc"
        self.register_buffer("class_weights", None, persistent=False)
        self.held: list[nn.Module] = []  # parts that are frozen
        self.train_loss: Tensor | float = 0.0
        self.train_hits: Tensor | float = 0.0
        self.train_items = self.train_rows = 0
        self.metrics = metrics(len(classes))
        running: dict[str, Any] = {name: metric.running for name, metric in self.metrics.items()}
        self.val_metrics = MetricCollection(running, prefix="val/", compute_groups=False)
        self.val_loss = MeanMetric()
        self.val_error_rate = MeanMetric()
        self.test_metrics = self.val_metrics.clone(prefix="test/")
        self._columns: list[dict[str, np.ndarray]] = []

    def prepare(self, data: DataModule) -> None:
        """Take from the training data what a fresh network needs: weights of classes, whitening filters."""
        if self.balance == "weights":
            self.class_weights = torch.from_numpy(data.class_weights()).float()
        hooks = [
            layer.register_forward_pre_hook(lambda layer, inputs: layer.fit(inputs[0]))
            for layer in self.network.modules()
            if isinstance(layer, Layer) and layer.fitted
        ]
        if hooks:
            items = evenly(data.train_set, FITTED)
            with torch.no_grad():
                self.eval().logits(as_tensors(data.train_set[Draw(items, None)]))
            self.train()
        for hook in hooks:
            hook.remove()

    @property
    def parts(self) -> dict[str, nn.Module]:
        """What has weights, by name: the layers of the network, and what a domain has beside it."""
        others = {
            name: child
            for name, child in self.named_children()
            if child is not self.network and next(child.parameters(), None) is not None
        }
        layers = {name: layer for name, layer in single_layers(self.network).items() if layer.state_dict()}
        return others | layers

    def hold(self) -> None:
        """Freeze the parts that ``freeze`` names: no gradients, and statistics of batches stay as they are.

        Raises:
            UserError: A name or pattern fits no part, or nothing is left to train.
        """
        for pattern in self.freeze_patterns:
            names = [
                name for name in self.parts if fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")
            ]
            if not names:
                known = ", ".join(self.parts)
                must = "must be names of layers or patterns such as conv*"
                raise UserError(f"freeze: {must}, got {pattern!r}; the layers are {known}")
            self.held += [self.parts[name].requires_grad_(False) for name in names]
        if not any(weight.requires_grad for weight in self.parameters()):
            raise UserError(f"freeze: must leave a layer to train, got {shown(list(self.freeze_patterns))}")

    def weights_of(self, source: "Classifier") -> dict[str, dict[str, Tensor]]:
        """The tensors of a source's parts that mean the same here, by part and name.

        Those of the layer that gives the logits if the classes are the same, in this network's order.
        """
        weights = {name: dict(part.state_dict()) for name, part in source.parts.items()}
        logits = weights.pop(source.network.head)
        weights.pop(self.network.head, None)
        if source.classes != self.classes and sorted(source.classes) == sorted(self.classes):
            rows = [source.classes.index(name) for name in self.classes]
            logits = {name: tensor[rows] for name, tensor in logits.items() if len(tensor) == len(rows)}
        if sorted(source.classes) == sorted(self.classes):
            weights[self.network.head] = logits
        return weights

    @property
    def fitted(self) -> Fitted:
        """The classes and preprocessing with which data are read for this network."""
        return Fitted(self.classes, self.preprocessing)

    def preprocess(self, batch: Batch) -> tuple[Float[Tensor, "n channels a1 a2"], Int[Tensor, " n"] | None]:
        """What the layers take of a batch on the device: maps, and their lengths where these vary."""
        return batch["x"].to(self.dtype), batch.get("lengths")

    def logits(self, batch: Batch) -> Float[Tensor, "n classes"]:
        """The network's output for a batch of the domain's dataset: what every command calls.

        Over time see ``windows``.
        """
        return self.network(*self.preprocess(batch))

    def windows(self, batch: Batch) -> Windows:
        """The output of a network over time for a batch."""
        x, lengths = self.preprocess(batch)
        change = self.record.change * self.record.temperature if self.record else 0.0
        return Windows(self.network(x, lengths), self.network.windows(x, lengths), change)

    def sequences(self, windows: Windows) -> list[list[Segment]]:
        """For each item its sequence of labels: what lies between them is no part of it."""
        return windows.segments(self.between_classes)

    @property
    def between_classes(self) -> frozenset[int]:
        """Classes that are no part of sequences: what lies between labels, and the blank."""
        known = [self.classes.index(name) for name in self.classes if name == self.between]
        return frozenset([*known, *([len(self.classes) - 1] if self.with_ctc else [])])

    def outputs(self, batch: Batch) -> Outputs:
        """What counts of a batch with labels."""
        if not self.network.over_time:
            return Outputs(self.logits(batch), batch["y"])
        windows, matched = self.windows(batch), None
        if self.with_ctc:
            matched = match(windows, batch["labels"], self.between_classes)
            rows = torch.tensor(matched.windows, dtype=torch.int64, device=self.device)
            y = batch["labels"][batch["labels"] != UNLABELLED]
        else:
            y = windows.labels(batch["y"], self._axis)
            rows = (y != UNLABELLED).nonzero()[:, 0]
            y = y[rows]
        return Outputs(windows.logits[rows], y, windows, rows, matched)

    @property
    def _axis(self) -> Axis:
        axis = self.network.shape.windows
        assert axis is not None
        return axis

    def properties(self, batch: Batch) -> dict[str, Float[Tensor, " n"]]:
        """Numbers of each input that a person understands, by name: predictions report unusual ones."""
        return {}

    def made_batch(self, n: int, cells: int) -> Batch:
        """N random inputs, of up to ``cells`` cells along an axis that varies: ``x``, and ``lengths``."""
        size = [cells if known is None else known for known in self.hparams["extent"]]
        x = torch.randn(n, self.hparams["planes"], *size, generator=torch.Generator().manual_seed(n))
        return {"x": x} | ({"lengths": made_lengths(n, cells)} if None in self.hparams["extent"] else {})

    def differs_from(self, other: "Classifier") -> str | None:
        """The first of classes, planes and size of the input in which two networks differ, if one does."""
        names = {"classes": "classes", "planes": "planes", "extent": "size"}
        return next((what for key, what in names.items() if self.hparams[key] != other.hparams[key]), None)

    def contract(self) -> dict[str, Any]:
        """What an exported network expects of its inputs, for a file of metadata: texts and plain values."""
        return {"x": "numbers as the dataset has them: (n, channels, axis 1, axis 2)"}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to resume another training than this one."""
        trainer = self.trainer
        best = trainer.checkpoint_callback
        assert isinstance(best, ModelCheckpoint)
        epochs, total = int(trainer.max_epochs or 1), int(trainer.estimated_stepping_batches)
        check_plan(
            checkpoint,
            self.hparams,
            self.schedule_for(total),
            epochs=epochs,
            steps=total // epochs,
            averaged=any(isinstance(callback, WeightAveraging) for callback in trainer.callbacks),  # type: ignore[attr-defined]
            monitor=Monitor(str(best.monitor), best.mode),
        )

    def on_train_start(self) -> None:
        """Refuse what a broken checkpoint put into the optimizer."""
        for optimizer in self.trainer.optimizers:
            check_optimizer_state(optimizer)

    def on_train_epoch_start(self) -> None:
        """Seed the epoch's random choices by seed, epoch and process: a resumed run makes the same ones."""
        seed = np.random.SeedSequence([self.trainer.datamodule.seed, self.current_epoch, self.global_rank])  # type: ignore[attr-defined]
        torch.manual_seed(int(seed.generate_state(1)[0]))
        if self.current_epoch and not self.trainer.datamodule.workers:  # type: ignore[attr-defined]
            # What torch's loader took from the same generator here, when it had none of its own: the results
            # published for release 0.1.0 come out as they were.
            torch.empty((), dtype=torch.int64).random_()
        self.train_loss, self.train_hits, self.train_items, self.train_rows = 0.0, 0.0, 0, 0
        for module in (module for part in self.held for module in part.modules()):
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()

    def loss(self, logits: Float[Tensor, "n classes"], y: Int[Tensor, " n"]) -> Float[Tensor, ""]:
        """The loss of a training batch: the mean over its items, each with the weight of its class."""
        if self.class_weights is None:
            return F.cross_entropy(logits, y, label_smoothing=self.label_smoothing)
        losses = F.cross_entropy(logits, y, label_smoothing=self.label_smoothing, reduction="none")
        return (losses * self.class_weights[y]).mean()

    def objective(self, outputs: Outputs, batch: Batch) -> Float[Tensor, ""]:
        """What training makes small: ``loss``, or the mean over items of CTC's loss for each label."""
        if self.with_ctc:
            assert outputs.windows
            labels = batch["labels"]
            return (outputs.windows.ctc(labels) / (labels != UNLABELLED).sum(1).clamp(min=1)).mean()
        if not len(outputs.y):  # no window of the batch has a label
            return outputs.logits.sum()
        loss = self.loss(outputs.logits, outputs.y)
        return loss if self.teacher is None else self.teacher.loss(loss, outputs.logits, batch)

    def training_step(self, batch: Batch, index: int) -> Float[Tensor, ""]:
        outputs = self.outputs(batch)
        loss = self.objective(outputs, batch)
        n = len(outputs.y)
        # Sums on the device, read once an epoch: logging each step would cost more than small networks do.
        self.train_loss += loss.detach() * n
        self.train_hits += (outputs.logits.detach().argmax(1) == outputs.y).sum()
        self.train_items += len(batch["item"])
        self.train_rows += n
        return loss

    def validation_step(self, batch: Batch, index: int) -> None:
        outputs = self.outputs(batch)
        logits = outputs.logits.float()
        self.val_metrics.update(logits, outputs.y)
        if outputs.windows is None:
            self.val_loss.update(F.cross_entropy(logits, outputs.y, reduction="none"))
            return
        if len(outputs.y):
            self.val_loss.update(self.objective(outputs, batch), len(outputs.y))
        matched = outputs.matched or match(outputs.windows, batch["labels"], self.between_classes)
        sizes = torch.tensor(matched.sizes, dtype=torch.float64)
        self.val_error_rate.update(torch.tensor(matched.edits) / sizes.clamp(min=1), sizes)

    def on_validation_epoch_end(self) -> None:
        """Log the epoch's metrics: validation's, and training's on the items as they were drawn."""
        self.log_dict({**self.val_metrics.compute(), "val/loss": self.val_loss.compute()}, sync_dist=True)
        if self.network.over_time:
            self.log("val/error_rate", self.val_error_rate.compute(), sync_dist=True)
        if n := self.train_rows:
            train = {"train/loss": self.train_loss / n, "train/acc": self.train_hits / n}
            self.log_dict(train, sync_dist=True)
        for metric in (self.val_metrics, self.val_loss, self.val_error_rate):
            metric.reset()

    def on_test_start(self) -> None:
        self._columns = []
        self.test_metrics.reset()

    def test_step(self, batch: Batch, index: int) -> None:
        """Keep the batch's columns: the metrics are computed from all items at once."""
        outputs = self.outputs(batch)
        logits = outputs.logits.float()
        self.test_metrics.update(logits, outputs.y)
        rows = batch if outputs.windows is None else self._rows(batch, outputs)
        columns = self.test_columns(rows, logits)
        self._columns.append({name: column.cpu().numpy() for name, column in columns.items()})

    def _rows(self, batch: Batch, outputs: Outputs) -> Batch:
        """A batch of windows instead of items; numbers of an item are shared out among its windows."""
        windows, rows = outputs.windows, outputs.rows
        assert windows is not None
        assert rows is not None
        matched = outputs.matched or match(windows, batch["labels"], self.between_classes)
        numbers = {"edits": matched.edits, "label_count": matched.sizes}
        if not self.with_ctc:
            found, count = match_boundaries(windows, batch["y"], self._axis, self.tolerance)
            numbers |= {"boundaries_found": found, "boundary_count": count}
        item = windows.items[rows]
        share = 1 / torch.bincount(item, minlength=len(windows.counts))[item].double()
        shared = {
            name: torch.tensor(values, device=item.device)[item] * share for name, values in numbers.items()
        }
        return {"item": batch["item"][item], "y": outputs.y, "window": windows.places[rows], **shared}

    def test_columns(self, batch: Batch, logits: Float[Tensor, "n classes"]) -> dict[str, Tensor]:
        """Columns of test items: number, label and predicted class, probabilities, the label's rank.

        Over time rows are windows: also the window's number, and its share of the item's numbers of labels,
        of edits that turn its sequence into them, and of boundaries.
        """
        probabilities, label = logits.softmax(1), batch["y"]
        return {name: batch[name] for name in OVER_TIME if name in batch and self.network.over_time} | {
            "item": batch["item"],
            "label": label,
            "answer": logits.argmax(1),
            "confidence": probabilities.amax(1),
            "label_probability": probabilities.gather(1, label[:, None])[:, 0],
            "label_rank": (logits > logits.gather(1, label[:, None])).sum(1),
        }

    def tested(self) -> dict[str, np.ndarray]:
        """The columns of all test items, in the order of the items."""
        columns = {name: np.concatenate([part[name] for part in self._columns]) for name in self._columns[0]}
        order = np.argsort(columns["item"], kind="stable")
        return {name: column[order] for name, column in columns.items()}

    def scores(self, columns: Mapping[str, np.ndarray], groups: np.ndarray) -> list[Score]:
        """The test metrics, from the columns of all items and the group of each item."""
        scores = [
            score(
                f"test/{name}", metric.values(columns), groups, columns["label"] if metric.by_class else None
            )
            if metric.values
            else Score(
                f"test/{name}", float(self.test_metrics[name].compute()), math.nan, math.nan, len(groups)
            )
            for name, metric in self.metrics.items()
        ]
        if "edits" in columns:
            scores.append(rate("test/error_rate", columns["edits"], columns["label_count"], groups))
        if "boundary_count" in columns:  # the F1 score: found among those of the labels, and of the answers
            pairs = 2 * columns["boundaries_found"]
            scores.append(rate("test/boundaries", pairs, columns["boundary_count"], groups))
        return scores

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Store the domain and the fingerprint of the data."""
        checkpoint["domain"] = self.domain
        checkpoint["fingerprint"] = self.trainer.datamodule.fingerprint  # type: ignore[attr-defined]

    def schedule_for(self, steps: int) -> dict[str, Any]:
        """The schedule's settings for a training of ``steps`` steps, see ``schedule_settings``."""
        return schedule_settings(self.schedule_settings, steps)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer, and a schedule stepped after each batch."""
        settings = dict(self.optimizer_settings)
        if settings.get("fused") and self.trainer.gradient_clip_val:
            settings["fused"] = False  # Lightning clips no gradients that the step itself might unscale
        frozen = {weight for part in self.held for weight in part.parameters()}
        params = [weight for weight in self.parameters() if weight not in frozen]
        optimizer = build("optimizer", OPTIMIZERS, settings, params=params)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = build("schedule", SCHEDULES, self.schedule_for(steps), optimizer=optimizer)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def schedule_settings(settings: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """A schedule's settings, in which a length left null is that of the training; refuses a shorter one."""
    settings = {k: steps if k in LENGTHS and v is None else v for k, v in settings.items()}
    total = settings.get("total_steps", steps)
    if total < steps:
        raise UserError(
            f"schedule.total_steps: must be at least {steps:,}, the steps of this training, got {total}; "
            "null takes as many as there are"
        )
    if settings.get("pct_start", 0) * total == 1:
        settings["pct_start"] *= 0.999  # of a warm-up of one step torch divides by no steps
    return settings


def made_lengths(n: int, longest: int) -> Int[Tensor, " n"]:
    """Lengths from ``longest`` down to 1."""
    return torch.linspace(longest, 1, n).long()


def as_tensors(batch: Mapping[str, Any], device: torch.device | None = None) -> Batch:
    """A batch that was read outside a loader, on a device."""
    return {name: torch.as_tensor(values, device=device) for name, values in batch.items()}
