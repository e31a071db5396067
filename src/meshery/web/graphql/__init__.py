"""What the rooms' `graphql.py` doors need: types from nouns, cursor connections, who asks."""
