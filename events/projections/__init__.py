"""Read models: one file per question, folded from the log inside the append's transaction."""
