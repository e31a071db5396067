"""The Target seam: where objects are applied, watched and deleted, whatever stands behind."""
