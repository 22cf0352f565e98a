"""What waits for the window: threads, the polling thread, the engine's lanes, and what was asked of them."""
