"""The walks of a user, end to end, with real parts."""
