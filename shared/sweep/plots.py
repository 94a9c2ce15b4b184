"""Optuna's pictures of a study, in the manner of the other pictures of a run."""

import warnings
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import optuna
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, PercentFormatter
from optuna.trial import TrialState

from shared.results import BLUE, ORANGE, png
from shared.sweep.space import short_names

NAME = "validation accuracy"


def pictures(study: optuna.Study, title: str) -> dict[str, bytes]:
    """``history.png``, ``parallel.png`` and ``importances.png``; none before two trials differ."""
    from matplotlib import pyplot

    trained = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len({each.value for each in trained}) < 2:
        return {}
    drawn: dict[str, tuple[Callable[..., Axes], Callable[[Figure, Axes, optuna.Study], None]]] = {
        "history": (optuna.visualization.matplotlib.plot_optimization_history, _history),
        "parallel": (optuna.visualization.matplotlib.plot_parallel_coordinate, _parallel),
        "importances": (optuna.visualization.matplotlib.plot_param_importances, _importances),
    }
    found = {}
    # Optuna sets a style for all pictures to come, and warns of studies so small that a scale has one value.
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        pyplot.switch_backend("agg")  # draws without a screen
        for name, (plot, finish) in drawn.items():
            axes = plot(study, target_name=NAME)
            figure = axes.get_figure()
            assert isinstance(figure, Figure)
            for each in figure.axes:
                each.set_facecolor("white")
                each.grid(False)
                each.tick_params(colors="0.2", labelsize=9)
            axes.set_title("")
            finish(figure, axes, study)
            figure.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
            figure.set_dpi(130)
            found[f"{name}.png"] = png(figure)
            pyplot.close(figure)
    return found


def _history(figure: Figure, axes: Axes, study: optuna.Study) -> None:
    """Each trial's accuracy and the best so far; pruned trials where they were given up."""
    figure.set_size_inches(8, 4)
    figure.set_layout_engine("constrained")
    _ended, _ = (each for each in axes.collections if isinstance(each, PathCollection))
    _ended.set(color=BLUE, label="trained to its end")
    axes.lines[0].set(color=ORANGE, alpha=1, label="best so far", drawstyle="steps-post")
    pruned = study.get_trials(deepcopy=False, states=(TrialState.PRUNED,))
    if pruned:
        values = [each.value or 0.0 for each in pruned]
        axes.scatter([each.number for each in pruned], values, marker="x", color="0.6", label="pruned")
    axes.set_xlabel("trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    _frame(axes)
    axes.grid(alpha=0.25, color="0.5")
    axes.legend(frameon=False, loc="lower right")


def _parallel(figure: Figure, axes: Axes, study: optuna.Study) -> None:
    """A line a trial through its settings, coloured by its accuracy."""
    trained = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    keys = sorted({key for trial in trained for key in trial.params})  # Optuna's order; it cuts long names
    names = short_names(keys)
    figure.set_size_inches(2.4 + 1.35 * len(keys), 4.6)
    axes.set_xticks(
        range(len(keys) + 1), [NAME.replace(" ", "\n"), *(names[key] for key in keys)], rotation=0
    )
    axes.tick_params(axis="x", length=0, pad=10)
    [lines] = (each for each in axes.collections if isinstance(each, LineCollection))
    lines.set(cmap="viridis", linewidth=1.4, alpha=0.8)
    _, colours, *settings = figure.axes
    for each in (axes, colours):
        each.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    colours.set_ylabel("")  # the first axis says it
    for key, each in zip(keys, settings, strict=True):
        _setting(each, [trial.params[key] for trial in trained if key in trial.params])
    for each in (axes, *settings):
        each.set_position((0.06, 0.16, 0.84, 0.72))
    colours.set_position((0.95, 0.16, 0.015, 0.72))


def _setting(axes: Axes, values: list[Any]) -> None:
    """The scale of one setting, readable where lines cross it."""
    if axes.get_yscale() == "log":
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.minorticks_off()
    elif all(isinstance(value, int) for value in values):
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    words = [label.get_text() for label in axes.get_yticklabels()]
    if "None" in words:
        axes.set_yticks(axes.get_yticks(), ["–" if word == "None" else word for word in words])
    for label in axes.get_yticklabels():
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5})
    axes.spines["right"].set_color("0.6")


def _importances(figure: Figure, axes: Axes, study: optuna.Study) -> None:
    """How much of the difference between good and other trials each setting explains."""
    bars = [each for each in axes.patches if isinstance(each, Rectangle)]
    figure.set_size_inches(8, 1.4 + 0.36 * len(bars))
    names = [label.get_text() for label in axes.get_yticklabels()]
    axes.set_yticks(axes.get_yticks(), [short_names(names)[name] for name in names])
    figure.set_layout_engine("constrained")
    for bar in bars:
        bar.set_color(BLUE)
    axes.set_title("", loc="left")
    axes.set_xlabel(
        "importance for good validation accuracy: a setting's share of all (PED-ANOVA)", fontsize=10
    )
    axes.set_ylabel("")
    legend = axes.get_legend()
    if legend:
        legend.remove()
    _frame(axes)


def _frame(axes: Axes) -> None:
    axes.spines[["left", "bottom"]].set_color("0.2")
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.label.set_color("0.2")
    axes.yaxis.label.set_color("0.2")
