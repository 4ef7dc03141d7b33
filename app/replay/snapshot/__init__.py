"""A snapshot of the states, the window of the logs that follows it, and their replay."""
