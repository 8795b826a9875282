"""The tests. `pytest -m "not real"` is fast; `pytest -m real` runs engines, a gateway, a browser."""
