"""From bytes to header, rows and problems; knows CSV and dates, and no database."""
