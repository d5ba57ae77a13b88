"""Copies of a whole data folder: made while the daemon runs, checked, brought back (rule O5)."""
