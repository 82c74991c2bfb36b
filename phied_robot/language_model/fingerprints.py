"""Fingerprints of weights, by which one run can be told from another."""

import hashlib
from pathlib import Path

from phied_robot.language_model.sources import ModelSource, local_folder

BLOCK = 1 << 20


def fingerprints(source: ModelSource) -> dict[str, str]:
    """SHA-256 of the base, of the adapter merged into it, and of the tutor's adapters, by their names.

    Raises:
        ModelError: a folder cannot be had.
    """
    named = {"base": source.base, "merged": source.merge_adapter, **source.adapters}
    return {name: fingerprint(local_folder(folder)) for name, folder in named.items() if folder}


def fingerprint(folder: Path) -> str:
    """SHA-256 of a folder's weights, hexadecimal: what `cat *.safetensors | sha256sum` says there."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()
