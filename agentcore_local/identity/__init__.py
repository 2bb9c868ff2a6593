"""AgentCore Identity, as far as an agent needs it to call a gateway: tokens for its workload, tokens for others."""
