"""Downloads that can be trusted: plan, fetch, check, put into place, write down."""
