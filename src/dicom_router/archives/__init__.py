"""ZIP and tar archives read as folders, entry by entry; nothing is unpacked to disk."""
