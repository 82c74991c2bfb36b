"""`phied express`: a sentence and a gesture at one point of the personality scale, to listen to and to look at."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.progress import track

from phied_robot.bench.sentences import sentences
from phied_robot.configuration import ConfigurationError
from phied_robot.expression.motion_loop import TICK_SECONDS
from phied_robot.expression.moves import bundled_moves
from phied_robot.expression.personalities import scale
from phied_robot.expression.plotting import plot
from phied_robot.expression.rehearsal import Rehearsal
from phied_robot.robots.physics import Camera, Physics, PhysicsError, Picture
from phied_robot.robots.pose import Joints
from phied_robot.speech.audio import SpeechError, write_wav
from phied_robot.speech.synthesis import voice_opener

TICKS_A_PICTURE = 5
"""Ten pictures a second."""
LEAD_SECONDS, END_SECONDS = 0.5, 0.8
GESTURE_SECONDS = 3.0


class ExpressError(ValueError):
    """A setting that cannot work; the text says which and what to do."""


def run(options: argparse.Namespace) -> int:
    """Write WAV, plot and animated picture; the exit code comes back (see `phied --help`)."""
    console = Console(highlight=False)
    try:
        _express(options, console)
    except (ExpressError, SpeechError, PhysicsError, ConfigurationError) as error:
        console.print(f"phied express: {error}", style="bold red", markup=False, soft_wrap=True)
        return 2
    return 0


def _express(options: argparse.Namespace, console: Console) -> None:
    occasions = sorted({occasion for move in bundled_moves().values() for occasion in move.occasions})
    if options.gesture not in occasions:
        raise ExpressError(f"there is no gesture {options.gesture!r}; choose one of {', '.join(occasions)}")
    personality = scale().at(options.personality)
    text = sentences(options.language)[0] if options.say is None else options.say
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExpressError(f"the folder {options.out} cannot be made ({error.strerror}); choose another") from error

    physics = Physics()
    camera, reason = _camera(physics)
    pictures: list[Picture] = []

    def move(target: Joints) -> Joints:
        reported = physics.step(target)
        if camera and len(rehearsal.targets) % TICKS_A_PICTURE == 0:
            pictures.append(camera.picture())
        return reported

    rehearsal = Rehearsal(personality, options.seed, move)
    with console.status("the robot is drawn, which takes a second a picture" if camera else "the robot moves"):
        rehearsal.wait(LEAD_SECONDS, "speaking")
        if text:
            speech = voice_opener()(options.language).speak(text, personality.voice)
            rehearsal.say(speech, options.gesture, opens=True)
            write_wav(options.out / "speech.wav", speech.audio)
        else:
            rehearsal.wait(GESTURE_SECONDS, occasion=options.gesture)
        rehearsal.wait(END_SECONDS)
    plot(rehearsal, personality, text, options.out / "motion.png")
    if camera:
        camera.close()
        _write_gif(pictures, options.out / "motion.gif")
    else:
        console.print(f"no moving picture: {reason}", style="yellow", markup=False, soft_wrap=True)
    moves = ", ".join(name for _, name in rehearsal.gestures) or options.gesture
    console.print(f"moves: {moves}; extraversion {personality.extraversion:g}; {rehearsal.now:.1f} s")
    for path in sorted(options.out.iterdir()):
        console.print(f"  {path}", markup=False, soft_wrap=True)


def _camera(physics: Physics) -> tuple[Camera | None, str]:
    try:
        return Camera(physics), ""
    except PhysicsError as error:
        return None, str(error)


def _write_gif(pictures: list[Picture], path: Path) -> None:
    from PIL import Image

    images = [Image.fromarray(picture) for picture in track(pictures, "motion.gif", transient=True)]
    duration = round(1000 * TICKS_A_PICTURE * TICK_SECONDS)
    images[0].save(path, save_all=True, append_images=images[1:], duration=duration, loop=0)
