"""Configures and launches the AgentCore Runtime, through the starter toolkit."""
