"""What commands need: the HTTP client, output formats and progress; no server code."""
