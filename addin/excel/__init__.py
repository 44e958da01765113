"""What is installed into Excel on Windows: readable sources, and the builder that packs them into a .xlam."""
