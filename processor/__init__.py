"""From an accepted drop to its outcome."""
