"""What may happen, and what carries it out."""
