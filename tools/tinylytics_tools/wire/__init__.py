"""Everything between a question and the network: httpx transports, each wrapping the next."""
