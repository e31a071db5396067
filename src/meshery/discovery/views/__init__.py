"""What the pages of discovery show: meshes, the landscape, objects and their changes."""
