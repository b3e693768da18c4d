"""Files that make a version elsewhere: pure functions of its lock, the same text whoever asks."""
