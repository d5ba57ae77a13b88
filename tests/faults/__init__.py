"""What a kill, a power cut, a full disk or a dead mail server may not break."""
