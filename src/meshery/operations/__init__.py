"""Long work: rows as truth, claims and fences, named steps, progress, cancel; and events."""
