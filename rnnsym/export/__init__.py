"""Exporters: one file per format, each a pure function from a Document to files."""
