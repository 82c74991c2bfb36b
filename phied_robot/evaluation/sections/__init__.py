"""A report as sections with tables: what Markdown and HTML both show."""

from collections.abc import Sequence

from phied_robot.evaluation.results import Report
from phied_robot.evaluation.sections.answers import answers_section
from phied_robot.evaluation.sections.personality import personality_section
from phied_robot.evaluation.sections.speed import speed_section
from phied_robot.evaluation.sections.stories import stories_section
from phied_robot.evaluation.sections.strategy import strategy_section
from phied_robot.evaluation.tables import Section


def sections(reports: Sequence[Report]) -> list[Section]:
    """All sections that some report has, with a row for each model."""
    makers = (strategy_section, answers_section, personality_section, stories_section, speed_section)
    return [section for make in makers if (section := make(reports)) is not None]
