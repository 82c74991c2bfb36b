"""Strategies, lessons, prompts and students."""
