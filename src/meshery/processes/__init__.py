"""The supervisor: child processes of this host, owned, limited, watched and restarted."""
