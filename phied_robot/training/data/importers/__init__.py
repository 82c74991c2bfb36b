"""Importers: public data sets and tables of one's own, as examples."""

from collections.abc import Callable
from pathlib import Path

from phied_robot.training.data.examples import Example
from phied_robot.training.data.importers.bridge import import_bridge
from phied_robot.training.data.importers.cima import import_cima
from phied_robot.training.data.importers.fairytaleqa import import_fairytaleqa
from phied_robot.training.data.importers.gsm8k_socratic import import_gsm8k_socratic
from phied_robot.training.data.importers.mathdial import import_mathdial
from phied_robot.training.data.importers.tables import import_csv, import_jsonl

IMPORTERS: dict[str, Callable[[Path], list[Example]]] = {
    "bridge": import_bridge,
    "cima": import_cima,
    "mathdial": import_mathdial,
    "fairytaleqa": import_fairytaleqa,
    "gsm8k-socratic": import_gsm8k_socratic,
    "csv": import_csv,
    "jsonl": import_jsonl,
}
"""By the name of the format; each takes a file, or a folder of files, and raises DataError with every mistake."""
