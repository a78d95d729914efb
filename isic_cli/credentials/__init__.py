"""Logins that are kept on this machine: what they are, where they lie, who may touch them."""
