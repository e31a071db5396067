"""One widget a module, each a noun that any room's pages may use; none knows a domain."""
