"""The studio's nouns. Standard library only; nothing here reads a file or a clock."""
