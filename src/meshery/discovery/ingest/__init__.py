"""What turns the messages of watched clusters into rows: objects, relations, changes, status."""
