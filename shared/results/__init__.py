"""Numbers and plots of trained networks: each metric with its n and its 95 % interval."""

from shared.results.baselines import doubts
from shared.results.by_class import ClassScores, confusion, scores_by_class
from shared.results.calibration import calibration_bins, calibration_error
from shared.results.html import data_uri, html_page
from shared.results.plots import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALETTE,
    RELEVANCE,
    draw,
    learning_curve,
    new_figure,
    write_figure,
)
from shared.results.report import write_report
from shared.results.scores import Score, Spread, Z, collapsed, difference, percent, rate, score, spread_of
from shared.results.table import show
