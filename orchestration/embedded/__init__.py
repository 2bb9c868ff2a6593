"""Starts and stops the local cloud: the ministack emulator and agentcore_local, both on loopback."""
