"""The Reachy Mini daemon: its client, its simulator, and the safe boxes."""
