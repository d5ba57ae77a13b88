"""What both sides stand on: settings, clock, errors, logs, database, migrations, organizations, inbox, audit."""
