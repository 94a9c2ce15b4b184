"""How far a trained network's predictions can be trusted: a temperature, and how unlike training an input is.

After a training both are measured on validation items, and kept as a record beside the weights.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import Tensor

from shared.errors import UserError, named
from shared.files import printable
from shared.network import Layer, beyond
from shared.runs import REMEDY, Run, read_record
from shared.training.classifier import Batch, Classifier, as_tensors
from shared.training.data import DataModule, Dataset, evenly, evenly_by_length
from shared.training.draws import Draw
from shared.training.over_time import match

UNLIKE = 0.05  # an input is unlike training if at most this share of validation items is as unlike
ITEMS = 2000  # of training, and as many of validation, evenly drawn
WINDOWED = 200  # items of networks over time, each of many windows
FEWEST = 20  # validation items: a share of fewer says nothing
FEATURES = 512  # at most; of more, neighbours are averaged
SHRINKAGE = 0.01  # share of the covariance that is replaced by a sphere's, so that few items suffice
RANGE = "range of "  # before the name of a property
BINS = 15  # of the calibration error
CHANGE, CHANGES = "change", (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)  # costs that are tried
TEMPERATURES, SPREAD = (0.05, 20), 0.25  # and the standard deviation of their logarithm, before validation


class Observed(NamedTuple):
    """What a network computes of N inputs (or windows), and their ``Classifier.properties``."""

    logits: Float[Tensor, "n classes"]
    features: Float[Tensor, "n features"]  # of length 1
    properties: Mapping[str, NDArray[np.float64]]


def observe(module: Classifier, batch: Batch) -> Observed:
    """Logits over the module's views, and of one view the input of the last layer with weights.

    Over time of each window; the properties are the item's.

    Where that is a map, features are the mean and the standard deviation of each channel over its cells.
    Their length is set to 1, as in Mahalanobis++ (Müller & Hein 2025), since it follows the confidence.
    """
    seen: list[Tensor] = []
    hook = _last(module).register_forward_pre_hook(lambda layer, inputs: seen.append(_pooled(layer, *inputs)))
    views, module.views = module.views, 1
    try:
        with torch.inference_mode():
            counts = None
            if module.network.over_time:
                logits, counts, _ = module.windows(batch)
            else:
                logits = module.logits(batch)
            hook.remove()
            if views > 1:
                module.views = views
                logits = module.logits(batch)
            properties = {name: x.cpu().double() for name, x in module.properties(batch).items()}
            if counts is not None:
                properties = {name: x.repeat_interleave(counts.cpu()) for name, x in properties.items()}
    finally:
        hook.remove()
        module.views = views
    own = {name: x.numpy() for name, x in properties.items()}
    return Observed(logits.float().cpu(), F.normalize(seen[0].float().cpu()), own)


def _last(module: Classifier) -> Layer:
    """The layer that gives the logits."""
    return [layer for layer in module.network if layer.computes][-1]


def _pooled(layer: Layer, x: Tensor, lengths: Tensor | None = None) -> Float[Tensor, "n features"]:
    """Features of what a layer takes: cells of padding do not count."""
    if x.dim() == 4:
        own = torch.ones_like(x[:, :1], dtype=torch.bool)
        if lengths is not None and (axis := layer.shape.varying) is not None:
            inside = ~beyond(lengths, x.size(2 + axis))
            own = own & (inside[:, None, :, None] if axis == 0 else inside[:, None, None])
        cells = own.sum((2, 3)).clamp(min=1)
        mean = torch.where(own, x, 0.0).sum((2, 3)) / cells
        square = torch.where(own, x - mean[:, :, None, None], 0.0).square().sum((2, 3)) / cells
        x = torch.cat([mean, square.sqrt()], 1)
    return F.adaptive_avg_pool1d(x[:, None], FEATURES)[:, 0] if x.size(1) > FEATURES else x


class Record(NamedTuple):
    """What validation says of a trained network.

    ``calibration`` holds the expected calibration error before and after the temperature, and the number of
    items. ``centre`` and ``whitening`` turn features (N, D) into vectors whose length is Mahalanobis's
    distance from the training items. ``ranges`` are the lowest and highest value of each property, by name in
    order; ``held`` (M, 1 + properties) are distance and properties of validation items, none where they are
    too few. ``change`` is what a change of the answer costs, in calibrated logits, see ``Windows``.
    """

    temperature: float
    calibration: tuple[float, float, int]
    centre: Float[Tensor, " d"]
    whitening: Float[Tensor, "d d"]
    ranges: Mapping[str, tuple[float, float]]
    held: NDArray[np.float32]
    change: float = 0.0

    @classmethod
    def measured(cls, module: Classifier, data: DataModule) -> "Record | None":
        """Of a trained network and its own data; None of one that diverged. No random number is drawn."""
        module.views = data.views
        trained, _, _ = _observed(module, data.train_set, data.batch_size)
        held, logits, label = _observed(module, data.val_set, data.batch_size)
        if not (logits.isfinite().all() and trained.features.isfinite().all()):
            return None
        temperature = _temperature(logits, label)
        before, after = (_calibration_error(logits / t, label) for t in (1.0, temperature))
        centre, whitening = _gaussian(trained.features)
        ranges = {}
        for name in sorted(held.properties):
            values = np.concatenate([part.properties[name] for part in (trained, held)]).astype(np.float32)
            ranges[name] = (float(values.min()), float(values.max()))
        errors = before, after, len(label)
        change = _change(module, data, temperature) if module.network.over_time else 0.0
        empty = np.empty((0, 1 + len(ranges)), np.float32)
        record = cls(temperature, errors, centre, whitening, ranges, empty, change)
        return record._replace(held=record._values(held)) if len(label) >= FEWEST else record

    def _values(self, observed: Observed) -> NDArray[np.float32]:
        """Distance and properties of N inputs, (N, 1 + properties)."""
        if observed.properties.keys() != self.ranges.keys():
            names = ", ".join(sorted(observed.properties))
            raise UserError(f"familiarity: must be of the properties {names}, got {', '.join(self.ranges)}")
        distance = ((observed.features - self.centre) @ self.whitening.float()).norm(dim=1)
        own = [observed.properties[name] for name in self.ranges]
        return np.stack([distance.numpy(), *own], 1).astype(np.float32)

    def familiar(self, observed: Observed) -> NDArray[np.float64]:
        """The share (N,) of validation items that are at least as unlike, the input counted among them.

        How unlike an input is follows from what is rarest about it: a distance as large, or a property as
        large or as small. The share is the p-value of conformal outlier detection (Bates et al. 2023); NaN
        where it is not known.
        """
        if not len(self.held):
            return np.full(len(observed.features), np.nan)
        usual = np.sort(_rarest(self.held, self.held))
        return _share(_rarest(self._values(observed), self.held), usual)

    def unlike(self, familiar: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether inputs of this familiarity (N,) are unlike training; False where it is not known."""
        return familiar <= max(UNLIKE, 1 / (1 + len(self.held)))

    def outside(self, observed: Observed) -> list[list[str]]:
        """For each input, its properties that no training or validation item had, in words."""
        return [
            [
                f"{name} {_number(value)}, in training {_number(low)} … {_number(high)}"
                for name, (low, high), value in zip(self.ranges, self.ranges.values(), row, strict=True)
                if not low <= value <= high
            ]
            for row in self._values(observed)[:, 1:].tolist()
        ]

    def pack(self, module: Classifier) -> bytes:
        """The bytes of its file, a safetensors file that names the network by a digest of its weights."""
        from safetensors.torch import save

        tensors = {
            "temperature": torch.tensor([self.temperature]),
            "calibration": torch.tensor(self.calibration),
            "centre": self.centre,
            "whitening": self.whitening,
            "validation": torch.from_numpy(self.held),
            **{RANGE + name: torch.tensor(ends) for name, ends in self.ranges.items()},
            **({CHANGE: torch.tensor([self.change])} if self.change else {}),
        }
        return save(tensors, {"network": _digest(module)})

    @classmethod
    def read(cls, run: Run, module: Classifier) -> "Record | None":
        """That of a run's best network, from a file of unknown origin; None where there is none.

        Raises:
            UserError: The file is broken, too large, or of another network.
        """
        stored = read_record(run)
        if stored is None:
            return None
        with named(run.record):
            return cls._checked(stored.tensors, stored.notes, module)

    @classmethod
    def _checked(
        cls, tensors: Mapping[str, Tensor], notes: Mapping[str, str], module: Classifier
    ) -> "Record":
        if notes.get("network") != _digest(module):
            raise UserError(f"must be of this network's weights, got those of another; {REMEDY}")
        if "distances" in tensors:  # the first bundled records: properties do not count in their shares
            others = {name: tensor for name, tensor in tensors.items() if name != "distances"}
            tensors = others | {"validation": tensors["distances"].reshape(-1, 1)}
        count, held = _features(module), tensors.get("validation", torch.empty(0))
        names = sorted(name.removeprefix(RANGE) for name in tensors if name.startswith(RANGE))
        columns = 1 if held.dim() == 2 and held.size(1) == 1 else 1 + len(names)
        shapes = {
            "temperature": (1,),
            "calibration": (3,),
            "centre": (count,),
            "whitening": (count, count),
            "validation": (min(held.numel() // columns, ITEMS), columns),
            **{RANGE + name: (2,) for name in names},
            **({CHANGE: (1,)} if CHANGE in tensors and module.network.over_time else {}),
        }
        for name in sorted({*shapes, *tensors}):
            wanted, tensor = shapes.get(name), tensors.get(name, torch.empty(0, dtype=torch.int64))
            if tensor.shape != wanted or not tensor.is_floating_point() or not tensor.isfinite().all():
                place, got = printable(name)[:80], f"{tuple(tensor.shape)} of {tensor.dtype}"
                raise UserError(f"{place}: must be finite numbers of shape {wanted}, got {got}; {REMEDY}")
        temperature, (before, after, n) = float(tensors["temperature"]), tensors["calibration"].tolist()
        low, high = TEMPERATURES
        if not low <= temperature <= high:
            raise UserError(f"temperature: must be from {low} to {high}, got {temperature}; {REMEDY}")
        change = float(tensors[CHANGE]) if CHANGE in tensors else 0.0
        if not 0 <= change <= CHANGES[-1]:
            raise UserError(f"{CHANGE}: must be from 0 to {CHANGES[-1]}, got {change}; {REMEDY}")
        ranges = {printable(name): tuple(tensors[RANGE + name].tolist()) for name in names}
        centre, whitening = tensors["centre"].float(), tensors["whitening"]
        errors = before, after, int(n)
        return cls(temperature, errors, centre, whitening, ranges, held.float().numpy(), change)


def _rarest(values: NDArray[np.float32], held: NDArray[np.float32]) -> NDArray[np.float64]:
    """For N inputs, the least share of held items as far away, or with a property as large or as small."""
    values = values[:, : held.shape[1]]
    sides = zip(np.hstack([values, -values[:, 1:]]).T, np.hstack([held, -held[:, 1:]]).T, strict=True)
    return np.min([_share(-own, np.sort(-other)) for own, other in sides], axis=0)


def _share(values: NDArray[np.floating], ordered: NDArray[np.floating]) -> NDArray[np.float64]:
    """The share (N,) of ordered values that are at most as large, each of the N counted among them."""
    return (1 + np.searchsorted(ordered, values, side="right")) / (1 + len(ordered))


def _digest(module: Classifier) -> str:
    """Of the weights in half precision, in which a run is bundled."""
    digest = blake2b(digest_size=16)
    for name, weight in sorted(module.named_parameters()):
        digest.update(name.encode() + weight.detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _features(module: Classifier) -> int:
    """The number of features of its inputs."""
    weight = _last(module).get_parameter("weight")
    return min(weight.size(1) * (1 + (weight.dim() == 4)), FEATURES)


def _observed(module: Classifier, dataset: Dataset, size: int) -> tuple[Observed, Tensor, Tensor]:
    """Items of a dataset, or windows, ITEMS at most; and the logits and classes of those with a label."""
    parts, logits, labels = [], [], []
    for items in evenly_by_length(dataset, WINDOWED if module.network.over_time else ITEMS, size):
        batch = as_tensors(dataset[Draw(items, None)], module.device)
        parts.append(observe(module, batch))
        if module.network.over_time:
            with torch.inference_mode():
                outputs = module.outputs(batch)
            logits.append(outputs.logits.float().cpu())
            labels.append(outputs.y.cpu())
        else:
            logits.append(parts[-1].logits)
            labels.append(batch["y"].cpu())
    kept = evenly(range(sum(len(part.logits) for part in parts)), ITEMS)
    properties = {
        name: np.concatenate([part.properties[name] for part in parts])[kept] for name in parts[0].properties
    }
    seen, features = (torch.cat([getattr(part, name) for part in parts]) for name in ("logits", "features"))
    return Observed(seen[kept], features[kept], properties), torch.cat(logits), torch.cat(labels)


def _temperature(logits: Float[Tensor, "n classes"], label: Tensor) -> float:
    """What divides logits so that probabilities fit the labels best (Guo et al. 2017, section 4.2).

    By likelihood, with a normal prior of its logarithm: few items, or such that are all right, leave it near
    1.
    """
    wide = logits.double()

    def loss(log: float) -> float:
        return float(F.cross_entropy(wide / np.exp(log), label, reduction="sum")) + (log / SPREAD) ** 2 / 2

    bounds = np.log(TEMPERATURES)
    return float(np.float32(np.exp(minimize_scalar(loss, bounds=tuple(bounds), method="bounded").x)))


def _change(module: Classifier, data: DataModule, temperature: float) -> float:
    """The cost of a change with which the sequences of validation items have the fewest errors."""
    edits = np.zeros(len(CHANGES))
    for items in evenly_by_length(data.val_set, WINDOWED, data.batch_size):
        batch = as_tensors(data.val_set[Draw(items, None)], module.device)
        with torch.inference_mode():
            windows = module.windows(batch)
        for number, change in enumerate(CHANGES):
            tried = windows._replace(change=change * temperature)
            edits[number] += sum(match(tried, batch["labels"], module.between_classes).edits)
    return CHANGES[int(edits.argmin())]


def _calibration_error(logits: Float[Tensor, "n classes"], label: Tensor) -> float:
    """The mean gap between confidence and accuracy over BINS of equal counts."""
    confidence, answer = logits.double().softmax(1).max(1)
    order = confidence.argsort(stable=True)
    gap = (confidence - (answer == label).double())[order]
    return float(sum(part.sum().abs() for part in gap.tensor_split(min(BINS, len(gap))))) / len(gap)


def _gaussian(features: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], Float[Tensor, "d d"]]:
    """The mean, and what makes the covariance of features a unit matrix."""
    centre = features.double().mean(0)
    away = features.double() - centre
    covariance = (1 - SHRINKAGE) * away.T @ away / len(away)
    covariance.diagonal().add_(SHRINKAGE * away.square().sum() / away.numel() + 1e-7)
    values, vectors = torch.linalg.eigh(covariance)
    return centre.float(), (vectors / values.clamp(min=1e-7).sqrt()).half().contiguous()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.2g}"
