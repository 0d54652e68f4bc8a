"""The same work as `kaiku enrich`, by Quix Streams."""
