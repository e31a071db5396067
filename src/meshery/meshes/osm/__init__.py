"""Open Service Mesh 1.2: SMI objects, and policies of its own for retries, limits and the edge.

The project ended (announced 2023-05-04). Its chart and images stay in public, so an installation is
possible where a person accepts that it ended. All operations of the original are kept.
"""
