"""What it costs: programs that print a table, not tests."""
