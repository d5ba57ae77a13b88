"""Importers that ours is measured beside: each is run by .venv-bench/bin/python with a database and a file."""
