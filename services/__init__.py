"""What the studio can do: functions that are handed what they need and yield events."""
