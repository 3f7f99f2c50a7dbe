"""Merchants, stores, warehouses, and the merchants' accounts at warehouses."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_wtf import FlaskForm
from wtforms import BooleanField, DecimalField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional

from app.connectors import registry
from app.extensions import db
from app.models import Merchant, MerchantAtWarehouse, SharedSku, Store, Warehouse
from app.queries.catalog import ACCOUNTS, MERCHANTS, STORES, WAREHOUSES
from app.queries.choices import choices
from app.security.reader import current_reader
from app.web import cells
from app.web.asking import Filter
from app.web.base import ALL, RecordView
from app.web.columns import Col, Shown
from app.web.forms import JsonField, SecretsField, TimeZone, as_choices, offer, short
from app.web.interface import Interface
from app.web.pages import Empty, Fact, Facts
from app.web.writers import CatalogWriter

_NAME = DataRequired("Give it a name.")


class MerchantForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A merchant."""

    name = StringField("Name", [_NAME, short()])
    open_timeout_days = IntegerField(
        "Open-PO timeout in days",
        [InputRequired(), NumberRange(min=1, max=3650)],
        default=45,
        description="An order that is open for longer is closed.",
    )
    time_zone = StringField("Time zone", [TimeZone()], default="UTC", description="Such as Europe/Berlin.")


class MerchantView(RecordView):
    """The brands that own the stock."""

    datamodel = Interface(MERCHANTS)
    class_permission_name = "Merchants"
    route_base = "/merchants"
    list_title = "Merchants"
    noun = "merchant"
    section = "Settings"
    placeholder = "Name"
    empty = Empty("No merchants yet", "A merchant is the brand that owns the stock; connections belong to one.")
    columns = (
        Col("name", "Name", lambda row, _: cells.text(row.name), sort="name"),
        Col(
            "timeout", "Open-PO timeout", lambda row, _: cells.number(row.open_timeout_days), sort="timeout", right=True
        ),
        Col("zone", "Time zone", lambda row, _: cells.text(row.time_zone)),
    )
    form_class = MerchantForm
    writer = CatalogWriter(Merchant)
    writes = ALL

    def facts(self, record: Merchant, shown: Shown) -> tuple[Facts, ...]:  # noqa: ARG002
        """All of it."""
        facts = (
            Fact("Name", cells.text(record.name)),
            Fact("Open-PO timeout in days", cells.number(record.open_timeout_days)),
            Fact("Time zone", cells.text(record.time_zone)),
            Fact("Added", cells.instant(record.created_at)),
        )
        return (Facts("Merchant", facts),)


_SETTINGS_HELP = "As the connector declares them, as a JSON object."
_SECRETS_HELP = "A JSON object. What is stored is never shown; an empty field keeps it."


class StoreForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A store."""

    name = StringField("Name", [_NAME, short()])
    kind = SelectField("Connector")
    settings = JsonField("Settings", description=_SETTINGS_HELP)
    secrets = SecretsField("Secrets", description=_SECRETS_HELP)
    shared_sku = SelectField(
        "A SKU on several lines",
        choices=as_choices([(SharedSku.FILL, "Fill in order, the rest on the last"), (SharedSku.ASK, "Ask a person")]),
        description="Where received goods go when the warehouse does not name the line.",
    )


class StoreView(RecordView):
    """The systems that place purchase orders."""

    datamodel = Interface(STORES)
    class_permission_name = "Stores"
    route_base = "/stores"
    list_title = "Stores"
    noun = "store"
    section = "Settings"
    placeholder = "Name or connector"
    empty = Empty("No stores yet", "A store is the system that places purchase orders.")
    columns = (
        Col("name", "Name", lambda row, _: cells.text(row.name), sort="name"),
        Col("kind", "Connector", lambda row, _: cells.text(row.kind), sort="kind"),
        Col("secrets", "Secrets", lambda row, _: cells.secret(row.secrets)),
    )
    form_class = StoreForm
    writer = CatalogWriter(Store)
    writes = ALL

    def fill(self, form: FlaskForm, record: Store | None) -> None:  # noqa: ARG002
        """The connectors that there are."""
        offer(form.kind, ((found.kind, found.label) for found in registry.source_kinds()))

    def facts(self, record: Store, shown: Shown) -> tuple[Facts, ...]:
        """Settings for staff only; secrets for nobody."""
        facts = (
            Fact("Name", cells.text(record.name)),
            Fact("Connector", cells.text(record.kind)),
            Fact("A SKU on several lines", cells.word(record.shared_sku.value)),
        )
        return (Facts("Store", facts), *_connector_facts(record, shown))


class WarehouseForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A warehouse."""

    name = StringField("Name", [_NAME, short()])
    code = StringField("Code", [DataRequired("Give it a short code."), short()], description="Rules name it by this.")
    rule_number = IntegerField("Rule number", [Optional(), NumberRange(min=0, max=10**9)])
    enabled = BooleanField("Enabled", default=True)
    kind = SelectField("Connector")
    settings = JsonField("Settings", description=_SETTINGS_HELP)
    secrets = SecretsField("Secrets", description=_SECRETS_HELP)
    time_zone = StringField("Time zone", [TimeZone()], default="UTC", description="Such as Europe/Berlin.")
    over_receipt_percent = DecimalField(
        "Over-receipt tolerance in percent", [InputRequired(), NumberRange(min=0, max=1000)], default=0, places=None
    )
    partial_receipts = BooleanField("Partial receipts allowed", default=True)


class WarehouseView(RecordView):
    """The places that receive goods."""

    datamodel = Interface(WAREHOUSES)
    class_permission_name = "Warehouses"
    route_base = "/warehouses"
    list_title = "Warehouses"
    noun = "warehouse"
    section = "Settings"
    placeholder = "Code or name"
    empty = Empty("No warehouses yet", "A warehouse receives the goods of purchase orders.")
    columns = (
        Col("code", "Code", lambda row, _: cells.code(row.code), sort="code"),
        Col("name", "Name", lambda row, _: cells.text(row.name), sort="name"),
        Col("number", "Rule number", lambda row, _: cells.number(row.rule_number), sort="number", right=True),
        Col("kind", "Connector", lambda row, _: cells.text(row.kind)),
        Col("zone", "Time zone", lambda row, _: cells.text(row.time_zone)),
        Col("enabled", "Enabled", lambda row, _: cells.flag(row.enabled)),
    )
    form_class = WarehouseForm
    writer = CatalogWriter(Warehouse)
    writes = ALL

    def fill(self, form: FlaskForm, record: Warehouse | None) -> None:  # noqa: ARG002
        """The connectors that there are."""
        offer(form.kind, ((found.kind, found.label) for found in registry.warehouse_kinds()))

    def name_of(self, record: Warehouse) -> str:
        """Its code and name."""
        return f"{record.code} {record.name}"

    def facts(self, record: Warehouse, shown: Shown) -> tuple[Facts, ...]:
        """Settings for staff only; secrets for nobody."""
        facts = (
            Fact("Code", cells.code(record.code)),
            Fact("Name", cells.text(record.name)),
            Fact("Rule number", cells.number(record.rule_number)),
            Fact("Enabled", cells.flag(record.enabled)),
            Fact("Time zone", cells.text(record.time_zone)),
            Fact("Over-receipt tolerance", cells.quantity(record.over_receipt_percent, "%")),
            Fact("Partial receipts allowed", cells.flag(record.partial_receipts)),
            Fact("Connector", cells.text(record.kind)),
        )
        return (Facts("Warehouse", facts), *_connector_facts(record, shown))


class AccountForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A merchant's account at a warehouse."""

    merchant_id = SelectField("Merchant", coerce=int)
    warehouse_id = SelectField("Warehouse", coerce=int)
    account = StringField("Account", [short()], description="The merchant's id at this warehouse.")
    facility = StringField("Facility", [short()])
    receiving_policy = JsonField("Receiving policy")
    secrets = SecretsField("Own secrets", description=_SECRETS_HELP)


class AccountView(RecordView):
    """The merchants' accounts at warehouses; an order can be routed only where its merchant has one."""

    datamodel = Interface(ACCOUNTS)
    class_permission_name = "Accounts"
    route_base = "/merchants-at-warehouses"
    list_title = "Merchants at warehouses"
    noun = "account"
    section = "Settings"
    placeholder = "Account or facility"
    empty = Empty("No accounts yet", "Orders can be routed to a warehouse where their merchant has an account.")
    filters = (Filter("merchant", "Merchant"), Filter("warehouse", "Warehouse"))
    columns = (
        Col("account", "Account", lambda row, _: cells.code(row.account or "–"), sort="account"),
        Col("merchant", "Merchant", lambda row, _: cells.named(row.merchant)),
        Col("warehouse", "Warehouse", lambda row, _: cells.named(row.warehouse)),
        Col("facility", "Facility", lambda row, _: cells.text(row.facility)),
        Col("pulled", "Receipts pulled", lambda row, _: cells.instant(row.pulled_at)),
    )
    form_class = AccountForm
    writer = CatalogWriter(MerchantAtWarehouse)
    writes = ALL

    def name_of(self, record: MerchantAtWarehouse) -> str:
        """Merchant and warehouse."""
        return f"{record.merchant} at {record.warehouse}"

    def fill(self, form: FlaskForm, record: Any) -> None:  # noqa: ARG002
        """The merchants and warehouses in the reader's scope."""
        offered = choices(db.session, current_reader(), ["merchant", "warehouse"])
        offer(form.merchant_id, offered["merchant"])
        offer(form.warehouse_id, offered["warehouse"])

    def facts(self, record: MerchantAtWarehouse, shown: Shown) -> tuple[Facts, ...]:  # noqa: ARG002
        """All of it but the secrets."""
        facts = (
            Fact("Merchant", cells.named(record.merchant, url_for("MerchantView.show", pk=record.merchant_id))),
            Fact("Warehouse", cells.named(record.warehouse, url_for("WarehouseView.show", pk=record.warehouse_id))),
            Fact("Account", cells.code(record.account)),
            Fact("Facility", cells.text(record.facility)),
            Fact("Receiving policy", cells.pairs(record.receiving_policy)),
            Fact("Own secrets", cells.secret(record.secrets)),
            Fact("Receipts pulled", cells.instant(record.pulled_at)),
        )
        return (Facts("Account", facts),)


def _connector_facts(record: Any, shown: Shown) -> tuple[Facts, ...]:
    if not shown.reader.is_staff:
        return ()
    facts = (
        Fact("Settings", cells.pairs(record.settings)),
        Fact("Secrets", cells.secret(record.secrets), "Never shown; set or not set."),
    )
    return (Facts("Connector", facts),)
