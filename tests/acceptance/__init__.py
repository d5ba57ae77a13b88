"""The installed command as a process, and the clients that customers use."""
