"""Checks of the inputs that methods make: how often one has the effect that the method promises.

The controls are the inputs from which it began, and those made for a network with randomised weights.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise

import torch
from torch import Tensor

from shared.config import print_line
from shared.explain import Input, Inputs, Target
from shared.explain.checks.base import Measure, Subject, check, share_of
from shared.explain.methods.actmax import maximise
from shared.explain.methods.ascent import noise
from shared.explain.methods.dream import mean_square
from shared.explain.methods.fool import deceive
from shared.explain.methods.style import style_loss
from shared.explain.units import default_layer, learned_layers

MADE = 10  # inputs of each check at most: units, classes, starts, pictures
SURE = 0.99  # of a class: an input that fools
STRONGER = 2.0  # times the mean square: Deep Dream
NEARER = 5.0  # times the style loss, before by after
BEGUN = "where it began"


def effects(
    subject: Subject,
    method: str,
    check: str,
    begun: Sequence[Tensor],  # of one size or several
    make: Callable[[], Sequence[Tensor]],
    reached: Callable[[int, Inputs], Tensor | float],
    began: str = BEGUN,
) -> Iterator[Measure]:
    """The share of inputs for which ``reached(number, x)`` is true, of a method and of its controls."""
    made = {method: make(), began: begun}  # in this order: the first may fill the second
    with subject.with_network(subject.randomised):
        made[f"{method} of a randomised network"] = make()
    for name, inputs in made.items():
        with torch.no_grad():
            hits = [float(reached(number, x[None])) for number, x in enumerate(inputs)]
        yield Measure(check, name, share_of(hits), control=name != method)


@check
def actmax(subject: Subject) -> Iterator[Measure]:
    """Activation maximisation against the best real input, of units and classes drawn at random."""
    adapter = subject.adapter
    if adapter.module.network.over_time:
        print_line("not checked: activation maximisation, which over time makes whole recordings, in hours")
        return
    layer = default_layer(adapter.network)
    maxima = adapter.search(layer)
    units = [
        int(unit) for unit in subject.random.permutation(len(maxima.total)) if not maxima.dead(int(unit))
    ]
    targets = [Target(unit, layer) for unit in units[: MADE // 2]]
    targets += [Target(number) for number in subject.classes(MADE // 2)]
    best = [adapter.search(target.layer) for target in targets]
    like = [
        adapter.example(adapter.data.train_set, int(found.total_item[target.unit])).x[None]
        for target, found in zip(targets, best, strict=True)
    ]

    def make() -> list[Input]:
        return [
            maximise(adapter, [target], x, "noise", 0.0, 0.0, subject.seed)[0].x
            for target, x in zip(targets, like, strict=True)
        ]

    def reached(number: int, x: Inputs) -> Tensor:
        target = targets[number]
        return target.score(adapter.network, x)[0] > best[number].total[target.unit]

    begun = [noise(x, adapter, subject.seed)[0] for x in like]
    yield from effects(
        subject, "actmax", f"exceeds the best of {maxima.n:,} real inputs", begun, make, reached
    )


@check
def fool(subject: Subject) -> Iterator[Measure]:
    """How often the network is sure of a class, drawn at random, for an input made from noise."""
    adapter, example = subject.adapter, subject.examples[0]
    adapter.turn_to(example)
    classes = subject.classes(MADE)
    start = torch.cat([noise(example.x[None], adapter, subject.seed + number) for number in range(MADE)])

    def reached(number: int, x: Inputs) -> Tensor:
        return adapter.logits(x).softmax(1)[0, classes[number]] >= SURE

    def make() -> list[Input]:
        return list(deceive(adapter, start, torch.tensor(classes)))

    check = f"made input is {SURE:.0%} a class, of {MADE} drawn"
    yield from effects(subject, "fool", check, list(start), make, reached)


@check
def adversarial(subject: Subject) -> Iterator[Measure]:
    """The share of right predictions that a change within ε turns; random changes are another control."""
    adapter, examples = subject.adapter, subject.examples
    targets = [Target(adapter.answer(example)) for example in examples]
    random: list[Input] = []

    def make() -> list[Input]:
        made = [
            subject.explain("adversarial", example, target, seed=subject.seed + number)
            for number, (example, target) in enumerate(zip(examples, targets, strict=True))
        ]
        random[:] = [one.shown[-1].example.x for one in made if one.shown[-1].example]
        return [one.map for one in made]

    def turned(number: int, x: Inputs) -> bool:
        adapter.turn_to(examples[number])
        return int(adapter.logits(x).argmax()) != targets[number].unit

    names = adapter.changes
    check = f"{names['PGD']}, ε = {adapter.epsilon:g} {adapter.epsilon_unit}, turns the prediction"
    yield from effects(subject, "adversarial", check, random, make, turned, names["random"])


@check
def dream(subject: Subject) -> Iterator[Measure]:
    """How often Deep Dream multiplies its layer's mean square, unlike the same change at other places."""
    adapter, examples = subject.adapter, subject.examples[:MADE]
    if not adapter.pictures:
        return
    layer = default_layer(adapter.network)

    def make() -> list[Input]:
        return [subject.explain("dream", example).map for example in examples]

    def stronger(number: int, x: Inputs) -> Tensor:
        adapter.turn_to(examples[number])
        begun = examples[number].x
        change = (x[0] - begun).flatten(1)
        order = torch.from_numpy(subject.random.permutation(change.size(1)))
        three = torch.stack([x[0], begun, begun + change[:, order].view_as(begun)])
        reached, *others = mean_square(adapter.network, layer, three)
        return reached >= STRONGER * max(others)

    begun = [example.x for example in examples]
    check = f"mean square of {layer} is {STRONGER:g} times that before, and with the change's places shuffled"
    yield from effects(subject, "dream", check, begun, make, stronger)


@check
def style(subject: Subject) -> Iterator[Measure]:
    """How often style transfer divides the style loss."""
    adapter = subject.adapter
    layers = learned_layers(adapter.network, maps=True)
    if not adapter.pictures or not layers:
        return
    pairs = list(islice(pairwise(subject.examples), MADE))

    def make() -> list[Input]:
        return [subject.explain("style", content, style=other).map for content, other in pairs]

    def nearer(number: int, x: Inputs) -> bool:
        content, other = (example.x[None] for example in pairs[number])
        before, after = (style_loss(adapter.network, layers, one, other) for one in (content, x))
        return after <= before / NEARER

    begun = [content.x for content, _ in pairs]
    yield from effects(subject, "style", f"style loss falls to 1 in {NEARER:g}", begun, make, nearer)
