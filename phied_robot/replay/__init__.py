"""Bags of the tutor's topics: written, read, run again and compared. Without ROS."""
