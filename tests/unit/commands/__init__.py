"""Rules of the command line, without disk or process."""
