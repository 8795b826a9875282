"""The log is signed for, looked at when it is opened, and gone on with when it is damaged."""
