"""Recipes: saved launch configurations, and the rules for saving them."""
