"""The credit check: the function behind the gateway's tool."""
