"""The table of topics and the payload models fit each other."""

from phied_robot import topics
from phied_robot.messages import Payload
from phied_robot.payloads import PAYLOADS


def test_every_topic_that_carries_json_has_its_payload() -> None:
    assert set(PAYLOADS) == {topic for topic in topics.TOPICS.values() if topic.type_name == "std_msgs/String"}


def test_no_payload_is_on_two_topics_or_on_none() -> None:
    carried = list(PAYLOADS.values())
    assert len(carried) == len(set(carried))
    assert set(carried) == set(Payload.__subclasses__())
