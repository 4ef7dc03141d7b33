"""Reading: each file of the policy folder into its part of the compiled policy, every error with file and line."""
