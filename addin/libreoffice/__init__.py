"""What is installed into LibreOffice: a component in Python, and the builder that packs it into a .oxt."""
