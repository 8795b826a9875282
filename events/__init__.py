"""What happened: the append-only log, its facts and its read models. Imports nothing of ours."""
