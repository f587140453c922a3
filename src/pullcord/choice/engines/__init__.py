"""One fit computed here or on shards elsewhere."""
