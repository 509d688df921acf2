"""The analysis of more scores than fit in memory: count shards once, analyse the counts."""
