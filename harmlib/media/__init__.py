"""Media: find, identify, probe and decode files; manifest, splits, and the demo set."""
