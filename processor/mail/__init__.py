"""What people are told: the outbox, the templates and the SMTP side."""
