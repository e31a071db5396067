"""What runs in the clusters: objects, meshes, control planes, data planes, and their changes."""
