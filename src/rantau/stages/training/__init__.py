"""From token ids to an adapter, with loss, speed and memory as numbers in files."""
