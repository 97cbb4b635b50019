"""What the team does to its own work and to members. Each act is written in the audit with it."""
