"""The pages of the template, one module each, drawn with the drawing layer of the result's pages."""
