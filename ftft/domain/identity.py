"""Names and hashes: when are two things the same thing?"""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from ftft.errors import InputError, shown

_NAME = re.compile(r"\w[\w.+-]{0,79}")
_LONGEST = 200  # bytes; file systems allow 255, and a file that is written aside has a longer name


def safe_name(kind: str, name: Any) -> str:
    """`name`, if it can be a folder inside the workspace on every system: no separators, no leading dot, at most 80 characters."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name.encode()) > _LONGEST:
        remedy = "Use up to 80 letters, digits, '_', '-', '.' and '+', starting with a letter or digit"
        raise InputError(f"{kind} name {shown(name)} cannot be used", remedy)
    return name


def canonical(value: Any) -> str:
    """One text for equal JSON values: sorted keys, no blanks, NaN refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """sha256 of the canonical JSON of `value`, hexadecimal."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def digest_of_ids(ids: Iterable[str]) -> str:
    """Hash of a subset: sha256 of its sorted ids joined by newlines. Equal selections are equal, however they were made."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()
