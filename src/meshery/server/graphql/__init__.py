"""GraphQL at `/api/graphql`: the root of all rooms' doors, what joins them, limits and errors."""
