"""Helm: charts read and checked, and releases made of them, each call in a child with limits."""
