"""What a person sees of a conversation in the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from phied_robot.messages import Expression, RobotState, Session, Strategy, Turn
from phied_robot.personality import manner

HELP = """\
  Type a question and press Enter, or: Tell me a story. Typing while the robot speaks interrupts it.
  /lesson NAME        plants, water_cycle, fractions, or the path of a lesson file
  /personality NAME   introvert, neutral, extravert, or a number from -1 to 1
  /stop               silence and stillness at once
  /pause, /resume     take no questions for a while
  /quit               end (Ctrl-C does too)"""

STAGES = (
    ("recognition", "recognition"),
    ("strategy", "strategy"),
    ("first_sentence", "first sentence"),
    ("voice", "voice"),
    ("speech_to_thinking", "end of speech to thinking"),
    ("speech_to_first_audio", "end of speech to first audio"),
)

NOT_THE_MODELS = {"default": " (the model gave none: the default one)", "lesson": " (from the lesson's story)"}
"""What is said of a strategy by its source."""


class View:
    """Prints the course of a conversation."""

    def __init__(self, console: Console) -> None:
        """Print to `console`."""
        self._console = console
        self._streaming = False
        self._held: list[tuple[str, str, str]] = []
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            console=console,
            transient=True,
        )

    def line(self, sentence: str, style: str = "dim") -> None:
        """A line about the tutor itself."""
        self._end_stream()
        self._console.print(escape(sentence), style=style, highlight=False)

    def error(self, sentence: str) -> None:
        """A line that says what went wrong."""
        self.line(sentence, "bold red")

    def session(self, session: Session) -> None:
        """Who is taught what, and how."""
        self.line(
            f"lesson {session.lesson} · age {session.age} · {session.language} · "
            f"{manner(session.extraversion)} ({session.extraversion:+.2g}) · {session.pupil}",
            "cyan",
        )

    def prompt(self) -> None:
        """Invite a question."""
        self._end_stream()
        self._console.print("[bold]you >[/bold] ", end="")

    def heard(self, turn: Turn) -> None:
        """What was heard."""
        if turn.source != "typed" or not self._console.is_terminal:
            self._labelled("heard", turn.heard, "bold")

    def strategy(self, strategy: Strategy) -> None:
        """The strategy, with the most probable labels."""
        ranked = sorted(strategy.probabilities.items(), key=lambda item: -item[1])[:3]
        shares = " · ".join(f"{label} {share:.0%}" for label, share in ranked)
        self._labelled("strategy", f"{shares}{NOT_THE_MODELS.get(strategy.source, '')}", "magenta")

    def text(self, text: str) -> None:
        """A piece of the answer as it streams."""
        if not self._streaming:
            self._console.print("[green]answer  [/green] ", end="")
            self._streaming = True
            text = text.lstrip()
        self._console.print(escape(text), end="", style="green", highlight=False, soft_wrap=True)

    def text_ended(self) -> None:
        """The answer is whole."""
        self._end_stream()

    def expression(self, expression: Expression) -> None:
        """What the robot does."""
        if expression.event == "gesture":
            self._labelled("robot", f"gesture: {expression.gesture}", "blue")
        elif expression.event == "filler":
            self._labelled("robot", f'says "{expression.sentence}" while it thinks', "blue")
        elif expression.event == "sentence_started" and not expression.turn_id:
            self._labelled("robot", f'says "{expression.sentence}"', "blue")
        elif expression.event == "sentence_started":
            file = f"  → {expression.audio_file}" if expression.audio_file else ""
            self._labelled("robot", f"speaks for {expression.duration:.1f} s{file}", "blue")

    def robot(self, robot: RobotState) -> None:
        """The robot comes or goes."""
        self.line(f"robot: {robot.detail}", "yellow" if robot.state == "lost" else "dim")

    def ended(self, turn: Turn, answer_shown: bool) -> None:
        """The end of a turn, with its timings."""
        self._end_stream()
        if turn.answer and not answer_shown:
            self._labelled("answer", turn.answer, "green")
        if turn.status != "done":
            self._labelled(turn.status, turn.reason, "yellow" if turn.status == "cancelled" else "bold red")
        figures = [f"{name} {turn.timings[key]:.2f} s" for key, name in STAGES if key in turn.timings]
        if figures:
            self._labelled("timings", " · ".join(figures), "dim")

    def help(self) -> None:
        """The commands of the terminal."""
        table = Table.grid()
        table.add_row(HELP)
        self._console.print(table)

    def _labelled(self, label: str, text: str, style: str) -> None:
        if self._streaming and label == "robot":
            # What the robot does meanwhile must not tear the answer's words apart.
            self._held.append((label, text, style))
            return
        self._end_stream()
        self._console.print(f"{label:<8} {escape(text)}", style=style, highlight=False)

    def _end_stream(self) -> None:
        if self._streaming:
            self._console.print()
            self._streaming = False
            held, self._held = self._held, []
            for line in held:
                self._labelled(*line)
