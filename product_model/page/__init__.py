"""The product's page: one HTML file that needs nothing else, for whoever wants to use the product."""
