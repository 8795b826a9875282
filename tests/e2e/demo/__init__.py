"""What the demonstration model does in real engines."""
