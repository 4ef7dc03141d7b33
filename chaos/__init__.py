"""Break everything around running workers, in a seeded order, and show that nothing was lost and nothing said twice."""
