"""How a person reaches the studio: terminal, tray, window."""
