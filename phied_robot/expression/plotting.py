"""A picture of motion against the loudness of the voice."""

import math
from pathlib import Path

from phied_robot.expression.motion_loop import TICK_SECONDS
from phied_robot.expression.rehearsal import Rehearsal
from phied_robot.personality import Personality

SHOWN = {
    "head": {"head_roll": "roll", "head_pitch": "pitch (+ down)", "head_yaw": "yaw (+ left)", "body_yaw": "body"},
    "antennas": {"antenna_right": "right", "antenna_left": "left"},
}


def plot(rehearsal: Rehearsal, personality: Personality, text: str, path: Path) -> None:
    """Write a PNG: loudness and clauses above, joints in degrees below; thin what was asked, thick what was reached."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    seconds = [number * TICK_SECONDS for number in range(len(rehearsal.targets))]
    figure, (voice, *panels) = pyplot.subplots(3, 1, sharex=True, figsize=(10, 7), height_ratios=(1, 2, 2))
    voice.fill_between(seconds, rehearsal.loudness, color="tab:gray", alpha=0.6)
    voice.set(ylabel="loudness", ylim=(0, 1.05))
    voice.set_title(f"extraversion {personality.extraversion:g}: {text}" if text else "a gesture without a word")
    for panel, (title, joints) in zip(panels, SHOWN.items(), strict=True):
        for number, (joint, label) in enumerate(joints.items()):
            asked, reached = (
                [math.degrees(getattr(pose, joint)) for pose in path]
                for path in (rehearsal.targets, rehearsal.reported)
            )
            panel.plot(seconds, asked, color=f"C{number}", linewidth=0.7, alpha=0.7)
            panel.plot(seconds, reached, color=f"C{number}", label=label)
        panel.set_ylabel(f"{title} (degrees)")
        panel.legend(loc="upper right", ncols=len(joints), fontsize="small")
        panel.grid(alpha=0.3)
    for axes in (voice, *panels):
        for _, clauses in rehearsal.said:
            for clause in clauses:
                axes.axvline(clause, color="black", linestyle=":", linewidth=0.8)
    for tick, name in rehearsal.gestures:
        panels[0].annotate(name, (seconds[tick], panels[0].get_ylim()[0]), fontsize="small", color="tab:blue")
    panels[-1].set_xlabel("seconds (dotted: a clause begins)")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
