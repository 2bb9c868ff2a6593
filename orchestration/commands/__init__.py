"""The commands of one deployment, by what they are about: what cli/ calls."""
