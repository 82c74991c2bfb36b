"""phied_robot: a Reachy Mini that tutors a child, as a ROS 2 package."""

__version__ = "0.1.0"
