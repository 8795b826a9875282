"""Where a model may run: device sets, and how much of each it takes."""
