"""Directory: who an alias means, and the facts that wait for theirs."""
