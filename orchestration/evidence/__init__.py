"""Writes and verifies the folder that an auditor keeps: pure writers over documents."""
