"""Rules: saving makes a new version; the active ones are compiled once per version and kept.

A compiled version can be kept for ever, because a version's text never changes; which versions are in force is read
anew for each batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.domain.errors import NotFound, Refused, StaleRecord
from app.domain.people import Reader, Role
from app.models import Rule, RuleState, RuleVersion
from app.rules.engine import ActiveRule, Catalogue, Program, check, compile_rule
from app.rules.problems import RuleError
from app.services.unit_of_work import Unit, unit_of_work

_ACTIVE = """
SELECT r.id, r.name, r.store_id, v.id AS version_id, v.number, v.text
FROM rule r JOIN rule_version v ON v.rule_id = r.id AND v.number = r.version
WHERE r.state = 'active'
ORDER BY (r.store_id IS NOT NULL), r.position, r.id
"""


@lru_cache(maxsize=2000)
def _compiled(text: str) -> Program:
    return compile_rule(text)


def _program(name: str, text: str) -> Program:
    """The compiled rule. One whose text can no longer be read fails each order it should judge, and says so.

    To leave it out would send goods where the rule would not have; to raise would stop every other order as well.
    """
    try:
        return _compiled(text)
    except RuleError as error:
        told = f"Rule {name} cannot be read any more: {error.message} Mend it, then Reprocess.".replace('"', "'")
        return _compiled(f'rule "unreadable" fail purchase_order with "{told}" end')


def active_rules(unit: Unit) -> Mapping[int | None, Sequence[ActiveRule]]:
    """The active rules per store in the order in which they run: those for all stores (key None), then the store's."""
    rules: dict[int | None, list[ActiveRule]] = {None: []}
    for row in unit.rows(_ACTIVE):
        active = ActiveRule(row.id, row.version_id, row.number, row.name, _program(row.name, row.text))
        rules.setdefault(row.store_id, []).append(active)
    return {store: (rules[None] if store is None else [*rules[None], *own]) for store, own in rules.items()}


def catalogue(unit: Unit) -> Catalogue:
    """What the checker must know of our data: the warehouses that a rule may name."""
    rows = unit.rows("SELECT code, rule_number, enabled FROM warehouse")
    return Catalogue(
        warehouse_codes=frozenset(row.code for row in rows),
        warehouse_numbers=frozenset(row.rule_number for row in rows if row.rule_number is not None and row.enabled),
        disabled_codes=frozenset(row.code for row in rows if not row.enabled),
        lookup_tables=frozenset(),
    )


def save(rule_id: int | None, values: Mapping[str, Any], reader: Reader, version_no: int | None = None) -> int:
    """Save a rule: `values` has name, store_id, text, state, position. A new text makes a new version.

    Raises RuleError with every problem of the text, StaleRecord when somebody saved it meanwhile, NotFound, Refused.
    """
    _may_edit(reader)
    with unit_of_work("save a rule") as unit:
        text = str(values["text"])
        problems = [problem for problem in check(text, catalogue(unit)) if problem.is_error]
        if problems:
            raise RuleError(problems)
        rule = _rule(unit, rule_id, version_no)
        rule.name = str(values["name"]).strip()
        if not rule.name:
            raise Refused("The rule has no name.", "Give it one.")
        rule.store_id = values.get("store_id")
        rule.state = RuleState(values.get("state", RuleState.DRAFT))
        rule.position = int(values.get("position") or 0)
        unit.session.add(rule)
        try:
            unit.session.flush()
        except IntegrityError as problem:
            raise _unsaved(problem) from None
        if rule.version == 0 or _text_in_force(unit, rule) != text:
            rule.version += 1
            unit.session.add(RuleVersion(rule_id=rule.id, number=rule.version, text=text, created_by=reader.name))
        return rule.id


def _unsaved(problem: IntegrityError) -> Refused:
    name = getattr(getattr(problem.orig, "diag", None), "constraint_name", "")
    if name == "uq_rule_name":
        return Refused("There is a rule of that name already.", "Give this one another name.")
    return Refused("The rule could not be saved: its store is gone.", "Choose another store, or all stores.")


def _may_edit(reader: Reader) -> None:
    """Rules are for staff; whether support was granted them is asked by the views."""
    if not (reader.is_staff or reader.role is Role.SYSTEM):
        raise Refused("Only staff may change rules.")


def _rule(unit: Unit, rule_id: int | None, version_no: int | None) -> Rule:
    if rule_id is None:
        return Rule(version=0)
    rule: Rule | None = unit.session.scalar(select(Rule).where(Rule.id == rule_id).with_for_update())
    if rule is None:
        raise NotFound("There is no such rule.", "Go back to the list of rules.")
    if version_no is not None and rule.version_no != version_no:
        raise StaleRecord("Somebody saved this rule since you opened it.", "Open it again and repeat your change.")
    return rule


def _text_in_force(unit: Unit, rule: Rule) -> str | None:
    return unit.session.scalar(
        select(RuleVersion.text).where(RuleVersion.rule_id == rule.id, RuleVersion.number == rule.version)
    )


def delete(rule_id: int, reader: Reader) -> None:
    """Delete a rule that never was saved active; one that judged orders is switched off instead, so traces stay true.

    Raises Refused with the count of orders it judged, and NotFound.
    """
    _may_edit(reader)
    with unit_of_work("delete a rule") as unit:
        rule = _rule(unit, rule_id, None)
        judged = unit.scalar(
            "SELECT count(*) FROM (SELECT 1 FROM purchase_order WHERE judged_versions && "
            "(SELECT array_agg(id) FROM rule_version WHERE rule_id = :id) LIMIT 1000) AS judged",
            id=rule_id,
        )
        if judged:
            raise Refused(
                f"Rule “{rule.name}” judged {judged}{'+' if judged == 1000 else ''} purchase orders.",
                "Set it to inactive instead: their history names it.",
            )
        unit.session.delete(rule)
