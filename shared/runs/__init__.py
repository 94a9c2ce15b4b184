"""Run folders: what a training leaves behind, read as data of unknown origin.

Nothing here imports torch before a checkpoint is read: a mistake is reported at once.
"""

from shared.runs.early import (
    check_export,
    check_page,
    check_places,
    check_predict,
    data_settings,
    exported_files,
    predict_options,
)
from shared.runs.fingerprint import FINGERPRINT, FORM, Fingerprint, changes, examples
from shared.runs.job import note_job, run_of_job
from shared.runs.plan import LENGTHS, check_longer, check_plan
from shared.runs.publish import ship
from shared.runs.record import REMEDY, read_record
from shared.runs.run import Run, environment, runs_in
from shared.runs.source import source_run, take_settings
