"""AgentCore Gateway, played locally: MCP behind the same door as a runtime's, Lambda functions behind it."""
