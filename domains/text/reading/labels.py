"""Labels as users write them: one name for a class, and none for a missing label."""

import re

from shared.files import class_name

# As pandas, R and spreadsheets write a missing value; in other spellings, such as none, it may be a class.
MISSING = {"", "nan", "NaN", "-nan", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaT", "None", "null", "NULL"}
LONGEST_LABEL = 200  # characters: no class has a longer name, and composing it would take their square
WHOLE = re.compile(r"([+-]?\d{1,15})\.0+")


def label_name(text: str) -> str:
    """The name of a label's class: composed (NFC), ``1`` for ``1.0`` and ``true`` for ``TRUE``.

    Tools write whole numbers as 1.0 where a value of their column is missing, and ``true`` in three ways.
    """
    name = class_name(text)
    number = WHOLE.fullmatch(name)
    if number:
        return number[1]
    return name.lower() if name.lower() in ("true", "false") else name
