"""The behaviour of a session over time."""
