"""What-if branches: a stream as if other events had happened. Nothing here is ever written to the store."""
