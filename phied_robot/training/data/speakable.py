"""What stands in a text and cannot be said: images that were pasted into it, and addresses of pages."""

import re

_IMAGE = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,[A-Za-z0-9+/=]*")
_BASE64 = re.compile(r"(?<![\w+/])(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])(?=[A-Za-z+/]*\d)[A-Za-z0-9+/=]{120,}")
"""So long a word of capitals, small letters and digits is no word."""
_ADDRESS = re.compile(r"https?://\S+")


def pasted_images(text: str) -> list[str]:
    """Images and other files in base64, each with its length."""
    rest = _IMAGE.sub(" ", text)
    found = [*_IMAGE.findall(text), *_BASE64.findall(_ADDRESS.sub(" ", rest))]
    return [f"an image in base64 ({one[:22]}…, {len(one)} characters)" for one in found]


def addresses(text: str) -> list[str]:
    """Addresses of pages and of pictures on them."""
    return [f"a web address ({one[:60]})" for one in _ADDRESS.findall(text)]
