"""The online check: what the hosts say of each film, and the builder that asks them."""
