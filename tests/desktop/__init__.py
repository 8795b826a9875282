"""Terminal, tray, window."""
