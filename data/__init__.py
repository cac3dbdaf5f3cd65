"""From disk to batch: sources, scores, labels, segments."""
