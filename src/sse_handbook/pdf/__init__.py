"""The book on paper: its order, one tree of all pages, the press, and the builder."""
