"""The SFTP side: who may enter, what they see, and when an upload is complete."""
