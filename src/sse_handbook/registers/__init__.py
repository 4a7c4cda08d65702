"""What `data/` holds, read before any page: each entry with its line, and what is wrong with it. Nothing of Sphinx."""
