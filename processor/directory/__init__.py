"""From rows and what is known to a plan of changes, and from the plan to the database."""
