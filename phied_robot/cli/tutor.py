"""`phied tutor`: checks the settings, starts the tutor's processes, holds the conversation, ends everything."""

import argparse
import json
import re
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from rich.console import Console

from phied_robot.cli.conversation import Conversation, HearingError, StartFailedError
from phied_robot.cli.housekeeping import SettingError, as_interrupt, run_folder, undisturbed
from phied_robot.cli.supervisor import NodeFailedError, Supervisor
from phied_robot.cli.view import View
from phied_robot.language_model.remote import check_address
from phied_robot.language_model.sources import ModelError, resolve
from phied_robot.pedagogy.lessons import LessonError, find_lesson, lessons_directory, load_lesson
from phied_robot.robots.daemon import AddressError, full_address
from phied_robot.robots.simulator import Simulator, SimulatorError, free_port
from phied_robot.speech.audio import SpeechError, read_wav
from phied_robot.speech.synthesis import check_voice

SIMULATED = ("mujoco", "mockup")

AnyConversation = TypeVar("AnyConversation", bound=Conversation)


def run(options: argparse.Namespace) -> int:
    """Hold the conversation that the command line asks for; the exit code comes back (see `phied --help`)."""
    view = View(Console(highlight=False, emoji=False))
    signal.signal(signal.SIGTERM, as_interrupt)
    try:
        check(options)
        with ExitStack() as cleanup:
            return _converse(options, view, cleanup)
    except (
        SettingError,
        AddressError,
        ModelError,
        LessonError,
        SpeechError,
        SimulatorError,
        StartFailedError,
    ) as error:
        view.error(str(error))
        return 2
    except (NodeFailedError, HearingError) as error:
        view.error(str(error))
        return 1
    except KeyboardInterrupt:
        view.line("ended")
        return 130


def _converse(options: argparse.Namespace, view: View, cleanup: ExitStack) -> int:
    folder = run_folder()
    conversation = start(options, folder, view, cleanup, Conversation)
    try:
        conversation.wait_until_ready()
        if options.text or options.audio:
            conversation.ask_all(options.text)
            conversation.hear_all([str(path.resolve()) for path in options.audio])
        else:
            conversation.talk(sys.stdin)
    finally:
        if options.report:
            report = [turn.model_dump(mode="json", by_alias=True) for turn in conversation.turns]
            options.report.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if not conversation.unasked and all(turn.status == "done" for turn in conversation.turns) else 1


def start(
    options: argparse.Namespace, folder: Path, view: View, cleanup: ExitStack, make: Callable[..., AnyConversation]
) -> AnyConversation:
    """Start all that a conversation needs, with logs in `folder`; `make` makes it, `cleanup` ends everything."""
    supervisor = Supervisor(lessons_directory().parent / "tutor.yaml", folder, options.namespace)
    cleanup.callback(undisturbed(supervisor.stop))
    if options.record:
        supervisor.start("recorder", folder=str(options.record), audio=options.record_audio)
    # The language model takes longest to start, so it goes first.
    supervisor.start(
        "language_model",
        model=options.model,
        server=options.server,
        strategy_adapter=options.strategy_adapter,
        response_adapter=options.response_adapter,
    )
    address, simulator = options.robot, None
    if options.robot in SIMULATED:
        simulator = Simulator(options.robot, free_port(), folder / "simulator.log")
        cleanup.callback(undisturbed(simulator.stop))
        simulator.start()
        address = simulator.address

    from phied_robot.nodes.terminal import TerminalNode

    terminal = TerminalNode(options.namespace)
    cleanup.callback(terminal.close)
    if terminal.another_tutor():
        raise SettingError(f"another tutor runs under {options.namespace}: end it, or choose another --namespace")
    supervisor.start("reachy_mini", address="" if options.robot == "none" else address)
    supervisor.start(
        "session",
        # Of our making, so that a session node that died finds its session again.
        session_id=f"session-{uuid4().hex[:12]}",
        age=options.age,
        language=options.language,
        lesson=str(options.lesson),
        personality=str(options.personality),
    )
    supervisor.start("pedagogical_strategy")
    supervisor.start("response_generation")
    supervisor.start("robot_expression", audio_folder=_audio_folder(options, folder))
    threading.Thread(target=terminal.spin, name="ros", daemon=True).start()

    return make(
        terminal,
        supervisor,
        simulator,
        view,
        expects_robot=options.robot != "none",
        records=bool(options.record),
        shares_audio=options.record_audio,
    )


def check(options: argparse.Namespace) -> None:
    """Refuse what cannot work before a process is started."""
    if options.server:
        check_address(options.server)
    if options.model or not options.server:
        resolve(options.model, options.strategy_adapter, options.response_adapter)
    lesson = load_lesson(find_lesson(options.lesson))
    if lesson.language != options.language:
        raise SettingError(f"lesson {options.lesson} is in {lesson.language!r}: choose --language {lesson.language}")
    options.lesson = find_lesson(options.lesson).resolve() if Path(options.lesson).suffix else options.lesson
    for path in options.audio:
        read_wav(path)
    check_voice()
    if not options.namespace.startswith("/"):
        options.namespace = f"/{options.namespace}"
    if not re.fullmatch(r"/|(/[A-Za-z_][A-Za-z0-9_]*)+", options.namespace):
        raise SettingError(f"namespace {options.namespace!r} is no ROS namespace; try /robot2")
    if options.robot not in (*SIMULATED, "none"):
        options.robot = full_address(options.robot)
    if options.record and options.record.exists():
        raise SettingError(f"the folder {options.record} of --record is there already; name a new one")
    if options.record_audio and not options.record:
        raise SettingError("--record-audio needs --record DIR")
    if options.report and not options.report.resolve().parent.is_dir():
        raise SettingError(f"the folder of --report {options.report} does not exist")


def _audio_folder(options: argparse.Namespace, folder: Path) -> Path:
    return options.report.resolve().with_suffix(".audio") if options.report else folder / "audio"
