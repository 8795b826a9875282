"""How the demo model is made. Runs in the transformers runtime: standard library and torch only."""
