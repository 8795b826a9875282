"""The HTTP surface: one file per resource, every route on one screen in `app.py`."""
