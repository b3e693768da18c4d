"""The studio's nouns. Standard library only; nothing here reads a file or a clock."""

VERSION = "0.2.0"
