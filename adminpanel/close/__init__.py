"""Close days and months: the checklist, one person's signature and another's approval."""
