"""What a cluster of machines has, and whether it is enough for a recipe."""
