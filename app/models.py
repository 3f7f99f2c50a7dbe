"""The door to all tables: everyone above imports them from here; they live by family in `app/tables/`."""

from app.tables.base import Scope, Table
from app.tables.catalog import (
    Connection,
    Merchant,
    MerchantAtWarehouse,
    Schedule,
    ScheduleKind,
    SharedSku,
    Store,
    Warehouse,
)
from app.tables.orders import (
    Document,
    DocumentState,
    LineItem,
    OrderKey,
    PendingChange,
    PurchaseOrder,
    SourceDocument,
    Step,
)
from app.tables.people import DefaultView, SavedView, UserScope
from app.tables.receiving import Allocation, Receipt, ReceiptLine, ReceiptOrigin, ReportedTotal
from app.tables.rulebook import Rule, RuleState, RuleVersion
from app.tables.work import (
    Activity,
    BulkItem,
    BulkState,
    Delivery,
    DeliveryAttempt,
    DeliveryKind,
    DeliveryState,
    Heartbeat,
    Judgement,
    Run,
    RunFailure,
    RunKind,
    RunState,
)

__all__ = [
    "Activity", "Allocation", "BulkItem", "BulkState", "Connection", "DefaultView", "Delivery", "DeliveryAttempt",
    "DeliveryKind", "DeliveryState", "Document", "DocumentState", "Heartbeat", "Judgement", "LineItem", "Merchant",
    "MerchantAtWarehouse", "OrderKey", "PendingChange", "PurchaseOrder", "Receipt", "ReceiptLine", "ReceiptOrigin",
    "ReportedTotal", "Rule", "RuleState", "RuleVersion", "Run", "RunFailure", "RunKind", "RunState", "SavedView",
    "Schedule", "ScheduleKind", "Scope", "SharedSku", "SourceDocument", "Step", "Store", "Table", "UserScope",
    "Warehouse",
]  # fmt: skip
