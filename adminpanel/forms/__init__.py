"""What is typed on the dashboard: a module for each subject."""
