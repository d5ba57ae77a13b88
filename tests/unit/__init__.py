"""Rules on values: no disk, no socket, no sleep; the folders mirror the source."""
