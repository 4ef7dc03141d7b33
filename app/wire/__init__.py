"""The form of records on the wire: schemas, Avro, and dead letters. Leaves that intake and emit share."""
