"""Small databases of each released schema, made by the product itself, that tests upgrade to the newest one."""
