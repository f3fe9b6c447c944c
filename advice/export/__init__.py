"""An advice as a file: attempt → `contents` → a document, plain data → `pdf` or `docx`, in a process of its own."""
