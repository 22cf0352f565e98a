"""What the events say, in the words of a shop."""

from __future__ import annotations

NARRATION = {
    "CustomerCreated": "{name} becomes customer {id}, with a credit limit of {creditLimit.amount}",
    "CustomerCreditLimitChanged": "{id} has a credit limit of {creditLimit.amount} now",
    "CustomerCreditReserved": "{orderTotal.amount} of {id}'s credit is reserved for order {orderId}",
    "CustomerCreditLimitExceeded": "{id} cannot pay {orderTotal.amount} for order {orderId}: only {available.amount} "
    "of the credit limit is left",
    "CustomerCreditReleased": "{orderTotal.amount} that was reserved for order {orderId} is free again",
    "OrderCreated": "{customerId} orders for {orderTotal.amount}",
    "OrderRevised": "Order {id} is changed: it costs {orderTotal.amount} now",
    "OrderApproved": "Order {id} is approved",
    "OrderRejected": "Order {id} is rejected: {reason}",
    "OrderRevisionRefused": "The change of order {id} is refused ({reason}); it stays as approved before",
    "OrderCancelled": "Order {id} is cancelled: {reason}",
    "OrderShipped": "Order {id} is on its way, tracking {tracking}",
}
