"""The command line: one file per group of commands, `root.py` lists them all."""
