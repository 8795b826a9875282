"""What the machine and its engines are doing, measured while somebody looks."""
