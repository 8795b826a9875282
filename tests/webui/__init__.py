"""The window in a real browser, over a stand-in that can hold any state still."""
