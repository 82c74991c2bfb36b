"""`phied replay`: starts the tutor's nodes apart from any lesson, says again what was said, and compares."""

import argparse
import os
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from phied_robot.cli.housekeeping import SettingError, as_interrupt, run_folder, undisturbed
from phied_robot.cli.replaying import Course, ReplayError
from phied_robot.cli.supervisor import NodeFailedError, Supervisor
from phied_robot.cli.view import View
from phied_robot.configuration import ConfigurationError, config_path
from phied_robot.language_model.sources import ModelError, resolve
from phied_robot.pedagogy.lessons import LessonError, find_lesson, load_lesson
from phied_robot.replay.comparison import Comparison, compare
from phied_robot.replay.errors import BagError
from phied_robot.replay.inputs import Input, Stage, inputs
from phied_robot.replay.reading import Bag
from phied_robot.replay.report import summary, write_report
from phied_robot.replay.runs import Run
from phied_robot.replay.settings import node_parameters, session_parameters
from phied_robot.replay.tolerances import Tolerances, load_tolerances
from phied_robot.robots.simulator import Simulator, SimulatorError, free_port
from phied_robot.speech.audio import SpeechError
from phied_robot.speech.synthesis import check_voice

MODEL_PARTS = ("model", "strategy_adapter", "response_adapter")


class _Recorded(NamedTuple):
    """A bag that is to be replayed: its run, its inputs, and the model's parameters."""

    run: Run
    inputs: list[Input]
    model: dict[str, Any]


def run(options: argparse.Namespace) -> int:
    """Replay the bags. Exit code 0: done, and nothing differs; 1: something does, or a turn did not end; 2: refused."""
    view = View(Console(highlight=False, emoji=False))
    signal.signal(signal.SIGTERM, as_interrupt)
    try:
        tolerances = load_tolerances(options.tolerances or config_path("replay_tolerances.yaml"))
        recorded = [_read(path, options, view) for path in options.bags]
        check_voice()
        output = _output(options)
        with ExitStack() as cleanup:
            return _replay_all(recorded, tolerances, output, options, view, cleanup)
    except (BagError, SettingError, ConfigurationError, ModelError, LessonError, SpeechError, SimulatorError) as error:
        view.error(str(error))
        return 2
    except (ReplayError, NodeFailedError) as error:
        view.error(str(error))
        return 1
    except KeyboardInterrupt:
        view.line("ended")
        return 130


def _read(path: Path, options: argparse.Namespace, view: View) -> _Recorded:
    """Everything that can be wrong with a bag is found before a process is started."""
    recorded = Run(Bag(path))
    if recorded.bag.cut_short:
        view.line(recorded.bag.cut_short, "yellow")
    if recorded.session is None:
        view.line(f"{path} tells no session: the defaults of config/tutor.yaml are taken", "yellow")
    else:
        load_lesson(find_lesson(recorded.session.lesson))
    model = {"model": "demo", **node_parameters(recorded, "language_model")}
    others = {name: getattr(options, name) for name in MODEL_PARTS if getattr(options, name)}
    model |= {**others, "server": ""} if others else {}
    if model["model"]:  # else a server answers alone
        resolve(*(model.get(name, "") for name in MODEL_PARTS))
    found = inputs(recorded, options.stage)
    if options.compare:  # a turn that was cut short has no end to be compared with
        cut_short = {turn.turn_id for turn in recorded.turns if turn.end is None}
        found = [one for one in found if one.turn_id not in cut_short]
    return _Recorded(recorded, found, model)


def _output(options: argparse.Namespace) -> Path:
    if options.output is None:
        return run_folder()
    try:
        options.output.mkdir(parents=True)
    except OSError as error:
        raise SettingError(f"the folder {options.output} cannot be made ({error.strerror}); name a new one") from error
    return Path(options.output)


def _replay_all(
    recorded: list[_Recorded],
    tolerances: Tolerances,
    output: Path,
    options: argparse.Namespace,
    view: View,
    cleanup: ExitStack,
) -> int:
    # A namespace of its own: a lesson on this machine neither hears the replay nor is heard by it.
    namespace = f"/replay_{os.getpid()}"
    engine = Supervisor(config_path("tutor.yaml"), output, namespace)
    cleanup.callback(undisturbed(engine.stop))
    simulator = None
    if options.robot == "mujoco":
        simulator = Simulator(options.robot, free_port(), output / "simulator.log")
        cleanup.callback(undisturbed(simulator.stop))
        simulator.start()
    comparisons: list[Comparison] = []
    loaded: dict[str, Any] = {}
    for number, one in enumerate(recorded, start=1):
        if one.model != loaded:
            engine.stop()
            engine.start("language_model", **one.model)
            loaded = one.model
        folder = output / f"{number}-{one.run.bag.path.stem}"
        view.line(f"{one.run.bag.path}: inputs {len(one.inputs)}, turns {len(one.run.turns)}", "bold")
        replayed, renamed = _replay(one, folder, namespace, engine, simulator, options, view)
        if options.compare:
            comparison = compare(one.run, replayed, tolerances, renamed)
            comparisons.append(comparison)
            view.line(summary(comparison), "green" if comparison.same else "bold red")
    if comparisons:
        for path in write_report(comparisons, output):
            view.line(str(path))
    else:
        view.line(f"recorded in {output}; look at it with: phied bag turns {folder}")
    return 0 if all(one.same for one in comparisons) else 1


def _replay(
    recorded: _Recorded,
    folder: Path,
    namespace: str,
    engine: Supervisor,
    simulator: Simulator | None,
    options: argparse.Namespace,
    view: View,
) -> tuple[Run, dict[str, str]]:
    """Run one bag through fresh nodes; what they said, and which turn came of which sound."""
    from phied_robot.nodes.replayer import ReplayerNode

    stage: Stage = options.stage
    nodes = ["session", "response_generation", "robot_expression"]
    nodes += ["pedagogical_strategy"] if stage != "strategies" else []
    nodes += ["speech_input"] if stage == "audio" else []
    logs = folder.with_name(f"{folder.name}-logs")
    supervisor = Supervisor(config_path("tutor.yaml"), logs, namespace)
    with ExitStack() as cleanup:
        cleanup.callback(supervisor.stop)
        replayer = ReplayerNode(namespace, ["language_model", *nodes], folder)
        cleanup.callback(replayer.close)
        for node in nodes:
            parameters = node_parameters(recorded.run, node)
            if node == "session":
                parameters = session_parameters(recorded.run, logs / "sessions.sqlite")
            if node == "speech_input":
                parameters |= {"source": "topic"}
            supervisor.start(node, **parameters)
        if simulator:
            supervisor.start("reachy_mini", address=simulator.address)
        course = Course(replayer, (engine, supervisor), simulator, view)
        course.wait_until_ready()
        course.play(recorded.inputs, options.rate)
    return Run(Bag(folder)), course.renamed
