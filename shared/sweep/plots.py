"""Optuna's figures of a study."""

import warnings
from collections.abc import Callable

import matplotlib as mpl
import optuna
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from optuna.trial import TrialState
from optuna.visualization import matplotlib as plots

from shared.results import png

PLOTS: dict[str, Callable[..., Axes]] = {
    "history": plots.plot_optimization_history,
    "parallel": plots.plot_parallel_coordinate,
    "importances": plots.plot_param_importances,
}


def figures(study: optuna.Study, title: str, metric: str) -> dict[str, bytes]:
    """``history.png``, ``parallel.png`` and ``importances.png``; none before two trials differ."""
    from matplotlib import pyplot

    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len({trial.value for trial in completed}) < 2:
        return {}
    files = {}
    # Optuna sets a style for all figures to come, and warns of studies so small that a scale has one value.
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        pyplot.switch_backend("agg")  # draws without a screen
        for name, plot in PLOTS.items():
            axes = plot(study, target_name=metric)
            axes.set_title("")  # Optuna's own, in the middle
            axes.set_title(title, loc="left", pad=12)
            figure = axes.get_figure()
            assert isinstance(figure, Figure)
            figure.set_size_inches(3 + 1.4 * max(4, len(completed[0].params)), 5)
            for shown in figure.axes:
                shown.grid(False)
                shown.set_facecolor("white")
            files[f"{name}.png"] = png(figure, bbox_inches="tight")
            pyplot.close(figure)
    return files
