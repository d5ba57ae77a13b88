"""The repository's promises about itself: imports, rules with tests, documents that match the code."""
