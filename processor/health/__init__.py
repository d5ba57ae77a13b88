"""Looks whether database, files, disk and permissions are what they must be, and mends what is safe (rule O5)."""
