"""Two runs of the same inputs, turn by turn: what differs beyond the tolerances."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from phied_robot.messages import Configuration, Turn
from phied_robot.replay.runs import RecordedTurn, Run
from phied_robot.replay.settings import REPLAYED
from phied_robot.replay.tolerances import Slower, Tolerances


@dataclass(frozen=True)
class Difference:
    """One thing that differs: what, how it was and how it is, and whether it counts."""

    what: str
    recorded: str
    replayed: str
    counts: bool = True


@dataclass(frozen=True)
class TurnComparison:
    """A turn then and now. `note` says why it was not compared, where it was not."""

    number: int
    recorded: RecordedTurn | None
    replayed: RecordedTurn | None
    differences: list[Difference] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two runs: what the tutor was in each, and their turns."""

    recorded: Run
    replayed: Run
    configuration: list[Difference]
    turns: list[TurnComparison]

    @property
    def differences(self) -> list[Difference]:
        """All that counts."""
        found = [*self.configuration, *(one for turn in self.turns for one in turn.differences)]
        return [one for one in found if one.counts]

    @property
    def same(self) -> bool:
        """Whether nothing differs beyond the tolerances."""
        return not self.differences


def compare(
    recorded: Run, replayed: Run, tolerances: Tolerances, renamed: Mapping[str, str] | None = None
) -> Comparison:
    """Compare a run with its replay.

    Args:
        recorded: the run as it was.
        replayed: what came of the same inputs.
        tolerances: what counts.
        renamed: the replay's turn for a recorded one, where its id is another.
    """
    now = {turn.turn_id: turn for turn in replayed.turns}
    turns = []
    for number, then in enumerate(recorded.turns, start=1):
        turns.append(_turn(number, then, now.pop((renamed or {}).get(then.turn_id, then.turn_id), None), tolerances))
    for number, added in enumerate(now.values(), start=len(turns) + 1):
        difference = Difference("turn", "", added.end.heard if added.end else added.turn_id)
        turns.append(TurnComparison(number, None, added, [difference]))
    return Comparison(recorded, replayed, list(_configuration(recorded, replayed, tolerances)), turns)


def _configuration(recorded: Run, replayed: Run, tolerances: Tolerances) -> Iterator[Difference]:
    for node, now in replayed.configuration.items():
        then = recorded.configuration.get(node)
        if then is None:
            continue
        before, after = _aspects(then), _aspects(now)
        for aspect, name in sorted(before.keys() & after.keys()):
            if before[aspect, name] != after[aspect, name]:
                what = f"{node} {aspect}" + (f" {name}" if name else "")
                counts = aspect in tolerances.configuration
                yield Difference(what, before[aspect, name], after[aspect, name], counts)


def _aspects(one: Configuration) -> dict[tuple[str, str], str]:
    told = [name for name in REPLAYED.get(one.node, ()) if name in one.parameters]
    return {
        ("package_version", ""): one.package_version,
        ("prompt_version", ""): one.prompt_version,
        **{("fingerprints", name): text for name, text in one.fingerprints.items()},
        **{("parameters", name): str(one.parameters[name]) for name in told},
    }


def _turn(number: int, then: RecordedTurn, now: RecordedTurn | None, tolerances: Tolerances) -> TurnComparison:
    if then.end is None:
        return TurnComparison(number, then, now, note="the recording was cut short in this turn")
    if now is None or now.end is None:
        return TurnComparison(number, then, now, [Difference("turn", then.end.heard, "")])
    # How far a turn comes that is cut off is a matter of milliseconds.
    cut_off = "cancelled" in (then.end.status, now.end.status)
    differences = [
        *_words("transcript", then.end.heard, now.end.heard, tolerances.transcript),
        *_equal("status", then.end.status, now.end.status),
        *(_prompts(then, now) if tolerances.prompts else ()),
        *_strategy(then, now, tolerances),
        *_answer(then.end, now.end, tolerances, cut_off),
        *(() if cut_off else _equal("source of the answer", *(", ".join(sorted(one.sources)) for one in (then, now)))),
        *(() if cut_off else _gestures(then.end, now.end, tolerances.gestures)),
        *(() if cut_off else _timings(then.end, now.end, tolerances.timings)),
    ]
    return TurnComparison(number, then, now, differences)


def _equal(what: str, then: str, now: str) -> Iterator[Difference]:
    if then != now:
        yield Difference(what, then, now)


def _words(what: str, then: str, now: str, tolerance: float) -> Iterator[Difference]:
    share = 1 - SequenceMatcher(None, then.split(), now.split(), autojunk=False).ratio()
    if then != now:
        yield Difference(what, then, now, counts=share > tolerance or tolerance == 0)


def _prompts(then: RecordedTurn, now: RecordedTurn) -> Iterator[Difference]:
    # From strategies on, no prompt asks for one.
    for adapter in sorted(then.prompts.keys() & now.prompts.keys()):
        before, after = ("\n".join(one.content for one in turn.prompts[adapter]) for turn in (then, now))
        yield from _equal(f"prompt of {adapter}", before, after)


def _strategy(then: RecordedTurn, now: RecordedTurn, tolerances: Tolerances) -> Iterator[Difference]:
    before, after = then.strategy, now.strategy
    if before is None or after is None:
        yield from _equal("strategy", before.label if before else "", after.label if after else "")
        return
    if before.label != after.label and tolerances.strategy:
        yield Difference("strategy", before.label, after.label)
    yield from _equal("source of the strategy", before.source, after.source)
    labels = sorted(before.probabilities.keys() | after.probabilities.keys())
    shares = [(before.probabilities.get(one, 0.0), after.probabilities.get(one, 0.0)) for one in labels]
    if max((abs(one - other) for one, other in shares), default=0.0) > tolerances.distribution:
        yield Difference("distribution", _ranked(before.probabilities), _ranked(after.probabilities))


def _ranked(probabilities: Mapping[str, float]) -> str:
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])[:4]
    return ", ".join(f"{label} {share:.1%}" for label, share in ranked)


def _answer(then: Turn, now: Turn, tolerances: Tolerances, cut_off: bool) -> Iterator[Difference]:
    before, after = then.answer, now.answer
    if cut_off:
        shorter = min(len(before), len(after))
        before, after = before[:shorter], after[:shorter]
    yield from _words("answer", before, after, tolerances.answer)


def _gestures(then: Turn, now: Turn, tolerance: int) -> Iterator[Difference]:
    matched = sum(
        block.size for block in SequenceMatcher(None, then.gestures, now.gestures, autojunk=False).get_matching_blocks()
    )
    apart = max(len(then.gestures), len(now.gestures)) - matched
    if then.gestures != now.gestures:
        yield Difference("gestures", ", ".join(then.gestures), ", ".join(now.gestures), counts=apart > tolerance)


def _timings(then: Turn, now: Turn, slower: Mapping[str, Slower]) -> Iterator[Difference]:
    for stage, tolerance in slower.items():
        before, after = then.timings.get(stage), now.timings.get(stage)
        if before is not None and after is not None and after > before * tolerance.factor + tolerance.seconds:
            yield Difference(f"time of {stage}", f"{before:.2f} s", f"{after:.2f} s")
