"""A member's statement: the balance at the start, each entry with the balance after it, the end."""
