"""Whether the books are right, asked of the tables by code that writes none of them: ``giaingan verify``.

Everything is reckoned in SQL of this room's own, in one read-only snapshot, with the rights of an auditor.
Nothing here is shared with the services that write.
"""
