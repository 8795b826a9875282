"""The tests. `make unit` is fast; `make real` runs engines, a gateway, a browser and a tray."""
