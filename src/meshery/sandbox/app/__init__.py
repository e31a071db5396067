"""The sample application: one program, every role; starts fast and adds little to a request."""
