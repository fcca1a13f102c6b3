"""Undoes the ways text is hidden and yields canonical text and decoded views."""
