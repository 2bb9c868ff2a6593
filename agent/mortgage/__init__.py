"""The mortgage assistant: tools, the models that drive them, and the HTTP service around them."""
