"""Capture, voice activity, recognition and synthesis."""
