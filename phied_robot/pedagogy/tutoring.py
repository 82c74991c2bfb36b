"""What both tutoring nodes know of a session: the lesson, the conversation so far, and the prompts that follow."""

import zlib

from phied_robot.messages import Progress, Session, Turn
from phied_robot.pedagogy import prepared, prompts
from phied_robot.pedagogy.lessons import Lesson, find_lesson, load_lesson
from phied_robot.pedagogy.prompts import Exchange, Grounding, Message
from phied_robot.pedagogy.retrieval import Retriever
from phied_robot.pedagogy.storytelling import Scripted, Storyteller
from phied_robot.pedagogy.students import Conversation
from phied_robot.personality import manner

NOTES = 3
"""Facts in a prompt: the right one is among the first three for nearly every question."""

LONGEST_ANSWER = 600
"""Characters that a prompt repeats of an earlier answer; of a longer one, a story, it holds the closing question."""


class Tutoring:
    """The tutoring of one session; a change of lesson begins a new conversation."""

    def __init__(self, history_turns: int = 0) -> None:
        """Prompts hold at most `history_turns` turns."""
        self._history_turns = history_turns
        self._session: Session | None = None
        self._lesson: Lesson | None = None
        self._progress = Progress()
        self._remembered: list[str] = []

    @property
    def ready(self) -> bool:
        """Whether the session is known."""
        return self._session is not None

    @property
    def session(self) -> Session:
        """The session; only when `ready`."""
        assert self._session is not None
        return self._session

    @property
    def turns(self) -> int:
        """How many turns of the conversation are remembered."""
        return len(self._conversation.turns) if self._lesson else 0

    def set_session(self, session: Session) -> None:
        """Take over a session's settings.

        Raises:
            LessonError: its lesson cannot be read.
        """
        known = self._session
        if known is None or (known.session_id, known.lesson) != (session.session_id, session.lesson):
            self._lesson = load_lesson(find_lesson(session.lesson))
            self._conversation, self._remembered = Conversation(self._lesson), []
        told = self._taught.for_age(session.age)
        self._retriever = Retriever(told)
        self._storyteller = Storyteller(told, self._retriever, session.extraversion)
        self._session = session
        self._recall()

    def set_progress(self, progress: Progress) -> None:
        """Take over the conversation so far; it may come before the session that it belongs to."""
        self._progress = progress
        self._recall()

    def remember(self, turn: Turn) -> None:
        """Add a turn that has just ended: progress tells of it too, but the next turn may come before that."""
        if self._lesson and turn.answer and turn.turn_id not in self._remembered:
            self._conversation.remember(turn.heard, turn.strategy, turn.answer)
            self._remembered.append(turn.turn_id)

    def _recall(self) -> None:
        progress, session = self._progress, self._session
        if session is None or (progress.session_id, progress.lesson) != (session.session_id, session.lesson):
            return
        turns = [exchange.turn_id for exchange in progress.exchanges]
        if turns == self._remembered[: len(turns)]:  # nothing new, or older than what is remembered
            return
        if turns[: len(self._remembered)] != self._remembered:
            self._conversation, self._remembered = Conversation(self._taught), []
        for exchange in progress.exchanges[len(self._remembered) :]:
            self._conversation.remember(exchange.heard, exchange.strategy, exchange.answer)
        self._remembered = turns

    def scripted(self, heard: str) -> Scripted | None:
        """What the lesson itself has for what the child said: a story, or a quiz's next step; None: ask the model."""
        return self._storyteller.answer(heard, self._conversation.turns)

    def strategy_messages(self, heard: str) -> list[Message]:
        """The prompt that chooses a strategy for what the child said."""
        return prompts.strategy_messages(
            title=self._taught.title,
            age=self.session.age,
            grounding=self._grounding(heard),
            history=self._history(),
            heard=heard,
        )

    def response_messages(self, heard: str, strategy: str) -> list[Message]:
        """The prompt that answers what the child said, by that strategy and in the session's manner."""
        return prompts.response_messages(
            title=self._taught.title,
            age=self.session.age,
            manner=manner(self.session.extraversion),
            strategy=strategy,
            grounding=self._grounding(heard),
            history=self._history(),
            heard=heard,
        )

    def prepared_answer(self, heard: str) -> str:
        """A sentence for when the model gives none: the lesson's best fact, or that the tutor does not know."""
        seed = zlib.crc32(heard.encode())
        facts = self._grounding(heard).facts
        fact = facts[0] if facts else None
        return prepared.late_answer(fact, self.session.language, self.session.extraversion, seed)

    @property
    def _taught(self) -> Lesson:
        assert self._lesson is not None
        return self._lesson

    def _history(self) -> list[Exchange]:
        if not self._history_turns:
            return []
        turns = self._conversation.turns[-self._history_turns :]
        return [
            Exchange(turn.heard, turn.answer if len(turn.answer) <= LONGEST_ANSWER else turn.question) for turn in turns
        ]

    def _grounding(self, heard: str) -> Grounding:
        turns = self._conversation.turns
        findings = self._retriever.search(heard, turns, limit=NOTES)
        last = turns[-1] if turns else None
        expected = ""
        if last and last.check:
            expected = last.check.answer
        elif last and last.question and last.fact:
            expected = self._taught.fact(last.fact).text
        return Grounding(
            facts=self._retriever.notes(findings, NOTES),
            misconception=findings.misconception,
            expected=expected,
        )
