"""Pictures and videos: reading files, measuring them, and making examples with known values."""
