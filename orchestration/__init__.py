"""Deploys the agent behind its inbound authorizer and checks that the door is locked."""
