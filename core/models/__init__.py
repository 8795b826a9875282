"""Model weights on this machine: the demo model, and what lies in the usual folders.

Nothing is imported here on purpose: the training below runs in the transformers runtime, where the
app's own packages do not exist.
"""
