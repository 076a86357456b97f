"""Whether what was stated may go into the books: the judge, and what it knows."""
