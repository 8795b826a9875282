"""What others promise us, asked of them and not of ourselves."""
