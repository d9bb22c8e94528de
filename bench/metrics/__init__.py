"""What each metric gives to systems that answer nothing, and to answers that people have rated."""
