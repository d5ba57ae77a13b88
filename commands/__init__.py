"""The command line, one module for each noun; serve is where everything is opened."""
