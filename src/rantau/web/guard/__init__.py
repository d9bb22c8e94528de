"""Guards at the door: headers, origins, sizes, rates, and who is there."""
