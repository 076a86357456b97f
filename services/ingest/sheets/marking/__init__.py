"""A refused file as its sender's own workbook, with the faulty cells marked."""
