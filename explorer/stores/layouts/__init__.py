"""The stores we know, one file each, exporting `LAYOUT`. They import nothing of ours but the layout type."""

from explorer.stores.layout import Layout
from explorer.stores.layouts import eventsourcing, eventuate, message_db, own

LAYOUTS: tuple[Layout, ...] = (own.LAYOUT, eventsourcing.LAYOUT, message_db.LAYOUT, eventuate.LAYOUT)
"""In the order in which they are looked for; a table claimed by an earlier one is not offered again by a later one."""
