"""An archive served inside the process: from a folder, or the drawn demo."""
