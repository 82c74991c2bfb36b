"""Gestures and motion layers."""
