"""The pictures of the documents, made by a program: `make screenshots`."""
