"""What the log promises."""
