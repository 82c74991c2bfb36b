"""The stories of a lesson, and the quiz after each: turns whose words the lesson holds, so that no model is asked."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from phied_robot.pedagogy import prepared
from phied_robot.pedagogy.lessons import Check, Lesson, Story
from phied_robot.pedagogy.retrieval import Retriever
from phied_robot.pedagogy.students import Turn
from phied_robot.pedagogy.words import words

# A story that is not named yet, or the telling of one; what is asked about stories is no wish.
_WISHES = {
    "en": r"(?!(what|why|who|how|when|where)\b)"
    r".*(\b(a|another|more|some) (\w+ )?stor(y|ies)\b|\b(tell|read)\b.*\bstor(y|ies)\b)",
    "fr": r"(?!qu|(pourquoi|comment|où)\b)"
    r".*(\b(une|autre|un) (\w+ )?(histoire|conte)\b|\b(raconte\w*|lis|lire)\b.*\b(histoire|conte)\b)",
    "de": r"(?!(was|warum|wer|wie|wann|wo)\b)"
    r".*(\b(eine?|noch) (\w+ )?(geschichte|märchen)\b|\b(erzähl\w*|lies|vorles\w*)\b.*\b(geschichte|märchen)\b)",
}


@dataclass(frozen=True)
class Scripted:
    """What is said next, and the strategy that it carries out."""

    strategy: str
    text: str


class Storyteller:
    """Tells the stories of one lesson and asks about them. Where a quiz stands follows from what was said last."""

    def __init__(self, lesson: Lesson, retriever: Retriever, extraversion: float) -> None:
        """Tell in a manner of the trait scale."""
        self._lesson, self._retriever, self._extraversion = lesson, retriever, extraversion
        self._words = words(lesson.language)

    def answer(self, heard: str, turns: Sequence[Turn]) -> Scripted | None:
        """What to say to a child, given the turns before (newest last); None where that is not for a script."""
        asked = turns[-1].check if turns else None
        story = next((story for story in self._lesson.stories if asked in story.questions), None)
        if self._lesson.stories and self._asks_for_story(heard):
            return self._tell(self._untold(turns), heard)
        # A question of the child's own ends the quiz.
        if asked is not None and story is not None and not self._words.is_question(heard):
            return self._judge(story, asked, heard)
        return None

    def _asks_for_story(self, heard: str) -> bool:
        """ "Tell me a story", "a story, please", and not "the roots in the story"."""
        return re.match(_WISHES[self._lesson.language], heard.strip().lower()) is not None

    def _untold(self, turns: Sequence[Turn]) -> Story:
        """The first story that was not told yet, or else the first of all."""
        stories = self._lesson.stories
        return next((one for one in stories if not any(one.text in turn.answer for turn in turns)), stories[0])

    def _tell(self, story: Story, heard: str) -> Scripted:
        opening = prepared.story(story.title, self._lesson.language, self._extraversion, _seed(heard))
        return Scripted("direct_instruction", f"{opening} {story.text} {story.questions[0].question}")

    def _judge(self, story: Story, asked: Check, heard: str) -> Scripted:
        language, seed = self._lesson.language, _seed(heard)
        right = self._retriever.is_right(asked, heard)
        judgement = (
            prepared.right(language, self._extraversion, seed)
            if right
            else prepared.wrong(asked.answer, language, self._extraversion, seed)
        )
        left = story.questions[story.questions.index(asked) + 1 :]
        then = left[0].question if left else prepared.quiz_over(language, self._extraversion, seed)
        return Scripted("confirmation" if right else "corrective_feedback", f"{judgement} {then}")


def _seed(heard: str) -> int:
    return zlib.crc32(heard.encode())
