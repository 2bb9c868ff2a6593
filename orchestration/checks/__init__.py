"""Calls the runtime as allowed and refused callers and judges the answers."""
