"""From sources to searchable passages: importers, chunking, embedding, the index worker."""
