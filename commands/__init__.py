"""What the verbs of orchestrate.py do."""
