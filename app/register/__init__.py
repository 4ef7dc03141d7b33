"""The register: what spans customers (campaigns, offers, budgets, what callers on hold hear), decided in one order."""
