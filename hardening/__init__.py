"""`make hardening`: attack a gateway in this process, and print what held."""
