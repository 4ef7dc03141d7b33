"""Shell: everything that knows Faust or Kafka."""
