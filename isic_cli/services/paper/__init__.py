"""The documents of a build: flow diagram, tables, methods, checklists, cards, citations."""
