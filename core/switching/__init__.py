"""Changing what is resident: who must go, what comes next, and carrying it out."""
