"""Stateless detectors over every view: rule packs, secrets, personal data, canaries."""
