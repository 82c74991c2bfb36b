"""One thin rclpy node a file: messages to calls and back. The only folder that imports ROS."""
