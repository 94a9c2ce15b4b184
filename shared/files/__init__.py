"""The files of a user and of a run: listed, counted, read within limits, cached, and written as a whole."""

from shared.files.archive import MEMBER_LIMIT, files, is_archive, members, nothing, printable, where
from shared.files.arrays import read_arrays, write_arrays
from shared.files.atomic import make_folder, remove_unfinished, write, write_json, writing
from shared.files.cache import Arrays, cache_folder, cached_arrays, is_cache
from shared.files.content_hash import identities, identity, split_by_hash
from shared.files.csv_table import csv_text, plain_cell
from shared.files.inventory import Inventory
from shared.files.labels import (
    DOCUMENTS,
    check_classes,
    check_folders,
    check_trained,
    known_classes,
    number_classes,
)
from shared.files.layout import SPLITS, TRAIN, class_name, layout_of, listed, official_splits
from shared.files.locks import FileLock, InUseError, JournalLock, held
from shared.files.plain import broken_yaml, check_plain, read_json, read_yaml
