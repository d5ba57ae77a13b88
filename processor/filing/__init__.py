"""Where a drop goes when its outcome is known: archive, error, reports, retention."""
