"""What must be right before real members come: the checks of `manage.py check_deployment`."""
