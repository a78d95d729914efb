"""Contact sheets: pictures with captions on a page."""
