"""Rules of the core."""
