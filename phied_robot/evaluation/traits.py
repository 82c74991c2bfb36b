"""Personality: the same prompts at -1, 0 and +1, and how differently the answers speak."""

from collections.abc import Sequence
from statistics import mean

from phied_robot.evaluation.answers import Answered, answer_all, sample
from phied_robot.evaluation.cues import Cue, count_words, cues, spoken
from phied_robot.evaluation.figures import controlled_d
from phied_robot.evaluation.results import Effect, PersonalityResult
from phied_robot.evaluation.subject import Track, Tutor
from phied_robot.pedagogy.trait_words import trait_words
from phied_robot.personality import PRESETS, manner
from phied_robot.training.data.examples import Example

SAMPLES = 4


def measure_personality(tutor: Tutor, prompts: Sequence[Example], track: Track) -> list[PersonalityResult]:
    """A result for each language of the prompts.

    Args:
        tutor: the model.
        prompts: examples whose personality is set to each end of the scale and its middle.
        track: shows progress.
    """
    results = []
    for language in sorted({example.language for example in prompts}):
        own = [example for example in prompts if example.language == language]
        answers = {}
        for preset, extraversion in PRESETS.items():
            asked = [example.model_copy(update={"personality": manner(extraversion)}) for example in own]
            answers[preset] = answer_all(tutor, asked, track, f"answering as {preset}, {language}")
        results.append(compare(answers, language))
    return results


def compare(answers: dict[str, list[Answered]], language: str) -> PersonalityResult:
    """Hold the answers of the presets against each other; the same prompts in the same order under each."""
    measured = {preset: [spoken(one.text, language) for one in own] for preset, own in answers.items()}
    lengths = {preset: [float(count_words(text)) for text in own] for preset, own in measured.items()}
    length = Cue("words", "per answer", 0, 0.0, lambda text: float(count_words(text)))
    effects = [_effect(cue, measured, lengths) for cue in cues(language)]
    unvarying = {preset: [0.0] * len(own) for preset, own in measured.items()}
    return PersonalityResult(
        language=language,
        prompts=len(answers["neutral"]),
        with_trait_words=sum(bool(trait_words(one.text, language)) for own in answers.values() for one in own),
        effects=[*effects, _effect(length, measured, unvarying)],
        samples=[sample(own[number]) for number in range(SAMPLES) for own in answers.values() if number < len(own)],
    )


def _effect(cue: Cue, texts: dict[str, list[str]], lengths: dict[str, list[float]]) -> Effect:
    values = {preset: [cue.value(text) for text in own] for preset, own in texts.items()}
    found = controlled_d(values["extravert"], values["introvert"], (lengths["extravert"], lengths["introvert"]))
    d, low, high = found if found is not None else (None, 0.0, 0.0)
    return Effect(
        cue=cue.name,
        unit=cue.unit,
        means=(mean(values["introvert"]), mean(values["neutral"]), mean(values["extravert"])),
        d=d,
        low=low,
        high=high,
        expected=cue.expected,
        gate=cue.gate,
    )
