"""A member's inbox: the messages to them, newest first (`wallet/messages/` writes them)."""
