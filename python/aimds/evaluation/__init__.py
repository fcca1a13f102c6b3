"""Judges labelled corpora and traces and reports quality with intervals."""
