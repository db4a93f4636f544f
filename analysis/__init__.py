"""What do the answers show? Works on exported files: anyone can rerun it without a server."""
