"""What Tinylytics is, and what can be asked of it."""
