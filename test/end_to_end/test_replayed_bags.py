"""Recorded lessons into the real nodes: the sample bags give the same answers, and what is planted is found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from safetensors.torch import load_file, save_file

from phied_robot.configuration import config_path
from phied_robot.replay.reading import Bag
from phied_robot.replay.runs import Run

PATIENCE = 400.0
"""Seconds that the replay of all samples may take on a busy machine."""

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(PATIENCE)]

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "test" / "bags"


def replay(environment: dict[str, str], *arguments: object, package: Path = ROOT) -> tuple[int, str]:
    """`phied replay` of the code in `package`, to its end: exit code and what it printed."""
    command = [sys.executable, "-m", "phied_robot.cli.main", "replay", *map(str, arguments)]
    environment = {**environment, "PYTHONPATH": str(package)}
    process = subprocess.run(command, cwd=package, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    return process.returncode, process.stdout + process.stderr


def test_the_sample_bags_give_the_same_answers(environment: dict[str, str], tmp_path: Path) -> None:
    # This machine may be slower than the one of the recording, so the time of a stage is not judged.
    tolerances = yaml.safe_load(config_path("replay_tolerances.yaml").read_text(encoding="utf-8"))
    unhurried = tmp_path / "tolerances.yaml"
    unhurried.write_text(yaml.safe_dump({**tolerances, "timings": {}}), encoding="utf-8")
    names = ("extravert", "fault", "introvert", "story")
    bags = [SAMPLES / name for name in names]
    output = tmp_path / "output"
    code, printed = replay(environment, *bags, "--compare", "--tolerances", unhurried, "--output", output)
    assert code == 0, printed
    assert "was cut short" in printed
    for number, name in enumerate(names, start=1):
        replayed, recorded = Run(Bag(output / f"{number}-{name}")), Run(Bag(SAMPLES / name))
        assert [turn.turn_id for turn in replayed.turns] == [turn.turn_id for turn in recorded.turns if turn.end]
        assert all(turn.end for turn in replayed.turns)
        assert replayed.bag.counts["joint_commands"] > 50
    assert "no difference" in (output / "comparison.md").read_text(encoding="utf-8")


def test_a_changed_prompt_a_changed_adapter_and_a_slower_stage_are_found(
    environment: dict[str, str], tmp_path: Path
) -> None:
    package = tmp_path / "package"
    shutil.copytree(ROOT / "phied_robot", package / "phied_robot", ignore=shutil.ignore_patterns("models"))
    (package / "phied_robot" / "models").symlink_to(ROOT / "phied_robot" / "models")
    (package / "config").symlink_to(ROOT / "config")
    plant(package / "phied_robot" / "pedagogy" / "prompts.py", "Speak calmly", "Speak very calmly")
    voice = package / "phied_robot" / "expression" / "voice_worker.py"
    plant(voice, " settings = self._settings\n", " settings = self._settings; time.sleep(2)\n")
    adapter = tmp_path / "adapter"
    shutil.copytree(ROOT / "phied_robot" / "models" / "demo" / "adapters" / "response", adapter)
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file({name: weight * 0.98 for name, weight in weights.items()}, adapter / "adapter_model.safetensors")

    arguments = (SAMPLES / "introvert", "--compare", "--response-adapter", adapter, "--output", tmp_path / "output")
    code, printed = replay(environment, *arguments, package=package)
    assert code == 1, printed
    report = (tmp_path / "output" / "comparison.md").read_text(encoding="utf-8")
    for found in ("prompt of response", "language_model fingerprints response", "time of voice"):
        assert found in report, report
    assert "**very**" in report and "strategy fingerprints" not in report


def plant(path: Path, then: str, now: str) -> None:
    """Change the code of a copy."""
    text = path.read_text(encoding="utf-8")
    assert text.count(then) == 1, f"{path.name} no longer holds {then!r}"
    path.write_text(text.replace(then, now), encoding="utf-8")
