"""How fast a model answers, and how much memory it takes."""

from collections.abc import Sequence
from statistics import median
from time import perf_counter

from phied_robot.evaluation.answers import MOST_TOKENS
from phied_robot.evaluation.figures import percentile_95
from phied_robot.evaluation.results import SpeedResult
from phied_robot.evaluation.subject import Loading, Track, memory_used
from phied_robot.training.data.chat import chat_messages
from phied_robot.training.data.examples import Example


def measure_speed(loading: Loading, prompts: Sequence[Example], track: Track) -> SpeedResult:
    """Answer and choose, one prompt after the other, as in class.

    Args:
        loading: a model that ran before.
        prompts: examples of dialogue with a strategy.
        track: shows progress.
    """
    first, rates, choices = [], [], []
    for example in track(prompts, "measuring speed"):
        asked = example.model_copy(update={"task": "strategy", "output": str(example.strategy)})
        began = perf_counter()
        loading.tutor.choose(chat_messages(asked)[0])
        choices.append(1_000 * (perf_counter() - began))

        began = perf_counter()
        answer = loading.tutor.answer(chat_messages(example)[0], MOST_TOKENS)
        seconds = perf_counter() - began - answer.seconds_to_first_token
        first.append(1_000 * answer.seconds_to_first_token)
        if answer.tokens > 1:
            rates.append((answer.tokens - 1) / seconds)
    return SpeedResult(
        engine=loading.engine,
        load_seconds=loading.seconds,
        weights=loading.weights,
        memory=memory_used(loading.device),
        first_token=median(first),
        first_token_95=percentile_95(first),
        tokens_per_second=median(rates) if rates else 0.0,
        choice=median(choices),
        choice_95=percentile_95(choices),
    )
