"""The subscriptions dock: who works on the store, how far each is, what is parked; and the load of orders."""
