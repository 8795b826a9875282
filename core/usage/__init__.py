"""What was used and what it cost: tokens, money, energy, by the hour. Start at `cost.py`."""
