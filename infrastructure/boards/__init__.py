"""Storyboards as JSON, of every generation of the format. Only storyboard_files.py looks in here."""
