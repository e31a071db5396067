"""What a mesh costs: profiles, runs, results and comparisons, each with its validity."""
