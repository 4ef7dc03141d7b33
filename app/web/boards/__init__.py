"""The boards: every number of the command centre, each with the customers behind it. Pure, over the read model."""
