"""What a command is given: words of the command line, keys of the configuration, and what is wrong with them.

Nothing here imports torch: a mistake is reported at once.
"""

from shared.config.check import (
    check_built,
    check_choice,
    check_choices,
    check_training,
    check_typed,
    check_values,
    resolved,
    typed_values,
)
from shared.config.cli import Command, compose
from shared.config.conform import check_arguments, check_known, check_value
from shared.config.console import Console, listening, print_line, progress, progress_bar, reading
from shared.config.domain import Domain, check_name, find_domain
from shared.config.keys import check_keys, declared, keys_read, known_keys, nearest_key
from shared.config.limits import Balance, Below, Count, Loss, NotNegative, Positive, Seed, Whole
from shared.config.monitor import ACCURACY, Monitor
from shared.config.multirun import overrides
from shared.config.project import (
    PROJECT,
    check_there,
    data_paths,
    find_samples,
    plain,
    plain_file,
    relative_data,
    unique_name,
)
from shared.config.signature import parameters
from shared.config.stopping import REQUEUE, Stopped, ignore_warnings, stop_behind
from shared.config.surroundings import outside_cause
from shared.config.words import command_line, literal, paths_of
