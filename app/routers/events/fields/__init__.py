"""The wire types of single fields: what is accepted, how it is read, what is refused."""
