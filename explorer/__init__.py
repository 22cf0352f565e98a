"""The event-store explorer: open an event store, look at it, replay it, write to it, watch it live.

The map of the code, from the nouns outwards:

- `model`, `errors`: every noun and every expected failure; they import nothing of ours.
- `payload`: JSON text to exact values and back. `cancellation`: how waiting and computing stop early.
- `diff`, `replay`: pure functions; what changed between two states, and every state of a stream.
- `domains/`, `plugins`: what folds and decides; `domains/customers_orders` is the example every plug-in copies.
- `stores/`: the databases: the `Store` protocol, `open_store()`, our own store, and one file per known layout.
- `commands`: load, decide, preview, commit. `subscription`: catch-up reading of a whole store, nothing lost.
  `projections`: policies running on a subscription.
- `engine/`: the processes in which domain code runs, and how to talk to them.
- `cli`: the program without a window. `ui/`: everything Qt; one panel is one file.
"""

__version__ = "0.1.0"
