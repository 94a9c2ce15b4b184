"""A training: its data, its network, its optimizer, and how it ends."""

from shared.training.callbacks import History, Lengthen
from shared.training.classifier import Batch, Classifier, Outputs, as_tensors, made_lengths
from shared.training.companions import Companions
from shared.training.compiling import compile_network
from shared.training.cut_short import resumable
from shared.training.data import (
    DataModule,
    Dataset,
    Fitted,
    Fractions,
    Preprocessing,
    check_fractions,
    evenly,
    evenly_by_length,
)
from shared.training.draws import Draw, Draws
from shared.training.familiarity import UNLIKE, Record, observe
from shared.training.loggers import ending, log_results, log_settings
from shared.training.machine import obeyed
from shared.training.optimizers import OPTIMIZERS, SCHEDULES, build
from shared.training.over_time import UNLABELLED, Segment, Windows, longest
from shared.training.setup import (
    build_data,
    build_module,
    build_trainer,
    check_network,
    check_optimizer,
    load_module,
    precision,
    trained_config,
)
from shared.training.source import Source
