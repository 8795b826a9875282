"""Chat: replies, however they come and end."""
