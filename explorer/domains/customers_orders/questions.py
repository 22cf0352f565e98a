"""The rows that a shop without events would keep, and what people ask that such a row cannot answer."""

from __future__ import annotations

from explorer.model import CrudRow, Question

ROWS = (
    CrudRow(
        "Order", "ORDERS", {"customer_id": "/customerId", "status": "/status", "order_total": "/orderTotal/amount"}
    ),
    CrudRow("Customer", "CUSTOMERS", {"name": "/name", "credit_limit": "/creditLimit/amount"}),
)

QUESTIONS = (
    Question(
        "Order",
        "Why was it rejected?",
        types=("OrderRejected", "OrderRevisionRefused"),
        because=True,
        row="The status is {status}. The row does not say why.",
    ),
    Question(
        "Order",
        "Who changed the total, and from what?",
        changed="/orderTotal/amount",
        row="The total is {order_total}. The row does not say what it was before, nor who changed it.",
    ),
    Question(
        "Order",
        "When was it approved?",
        types=("OrderApproved",),
        row="The status is {status}, and something was updated at {updated_at}. The row does not say when it was"
        " approved.",
    ),
    Question(
        "Customer",
        "What was the credit limit before?",
        changed="/creditLimit/amount",
        row="The credit limit is {credit_limit}. The row does not say what it was.",
    ),
    Question(
        "Customer",
        "Which orders could not be paid?",
        types=("CustomerCreditLimitExceeded",),
        because=True,
    ),
)
