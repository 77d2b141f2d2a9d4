"""The dashboard: pages made on the server, each with an address of its own."""
