"""Looks for what will stop a command, in the words in which that command would say it. Changes nothing."""
