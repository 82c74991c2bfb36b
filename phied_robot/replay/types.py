"""The standard message types, without ROS."""

from functools import cache
from typing import Any


@cache
def typestore() -> Any:
    """What writes and reads CDR and knows each type's definition; it takes a moment to be made."""
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores.LATEST)
