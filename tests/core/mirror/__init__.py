"""The PostgreSQL mirror, against a real PostgreSQL."""
