"""Clusters that people connect: their contexts kept safe, watched, and used as a Target."""
