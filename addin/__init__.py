"""What is installed into a spreadsheet program: sources, and the builders that pack them."""
