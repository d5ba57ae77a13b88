"""One edge at a time against the real thing: a SQLite file, an SFTP client, an SMTP server on a free port."""
