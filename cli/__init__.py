"""The tasks, by what they are about. Thin: what they do is in orchestration/commands."""
