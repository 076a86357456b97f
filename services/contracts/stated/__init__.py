"""The contract for senders: what a fact looks like in JSON, in a form and in a row of a file."""
