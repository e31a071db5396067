"""What pages need: theme, widgets and the page frame; nothing of any domain."""
