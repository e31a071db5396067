"""Composition: the application, its lifespan, security, navigation and migrations."""
