"""Decide: the rule books of the policy."""
