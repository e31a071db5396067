"""Which requests prove which behaviour, in the world it is in; one module a family of kinds."""
