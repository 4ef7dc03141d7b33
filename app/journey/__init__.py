"""Journey: how facts change a customer, and what is due when."""
