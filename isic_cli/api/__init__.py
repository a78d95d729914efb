"""The archive over HTTP: one method per endpoint, typed in and out."""
