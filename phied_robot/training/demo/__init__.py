"""The bundled demo model: made from nothing but the text in this repository, by one command."""
