"""What routes need: problem documents, paging, identity and idempotency."""
