"""Labels as users write them: one name per class, and missing labels."""

import re

from shared.files import class_name

# A missing value as pandas, R and spreadsheets write it; in other spellings, such as none, it may be a class.
MISSING = {"", "nan", "NaN", "-nan", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaT", "None", "null", "NULL"}
MAX_LABEL = 200  # characters; Unicode composition takes quadratic time
WHOLE_NUMBER = re.compile(r"([+-]?\d{1,15})\.0+")


def label_name(text: str) -> str:
    """The name of a label's class: composed (NFC), ``1`` for ``1.0`` and ``true`` for ``TRUE``.

    Tools write integers as 1.0 if their column has missing values, and ``true`` in three ways.
    """
    name = class_name(text)
    if number := WHOLE_NUMBER.fullmatch(name):
        return number[1]
    return name.lower() if name.lower() in ("true", "false") else name
