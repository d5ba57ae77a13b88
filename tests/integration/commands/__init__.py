"""Commands on real data folders."""
