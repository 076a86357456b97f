"""How a kind of file is laid out: import profiles and what is derived from them."""
