"""The rings of tests, from rules without a disk to killed processes."""
