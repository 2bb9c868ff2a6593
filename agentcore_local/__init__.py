"""The AgentCore Runtime played locally: control plane, data plane and the locked door, on loopback."""
