"""Checkov loads only folders that are packages."""
