"""Files that come from elsewhere, with real servers and folders."""
