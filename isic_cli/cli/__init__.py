"""The command line: options, commands, rendering; the only place that prints."""
