"""Rules as people save them: versions, refused texts, what may be deleted, and in which order they run."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.errors import NotFound, Refused, StaleRecord
from app.domain.people import SYSTEM, Reader, Role
from app.jobs import processing
from app.rules.problems import RuleError
from app.services import rulebook
from app.services.unit_of_work import unit_of_work
from tests.services.world import World

SUPPORT = Reader(Role.SUPPORT, "sam", 2, None, None)
PUT_AWAY = 'rule "put away" archive purchase_order end'
EAST = 'rule "east" route purchase_order to warehouse "EAST" end'


def save(name: str, rule_id: int | None = None, *, version_no: int | None = None, **values: Any) -> int:
    return rulebook.save(rule_id, {"name": name, "text": PUT_AWAY, **values}, SUPPORT, version_no)


def versions(world: World, rule_id: int) -> list[tuple[int, str, str]]:
    rows = world.rows("SELECT number, text, created_by FROM rule_version WHERE rule_id = %s ORDER BY number", rule_id)
    return [(row["number"], row["text"], row["created_by"]) for row in rows]


def in_force() -> dict[int | None, list[tuple[str, int]]]:
    with unit_of_work("read the rules") as unit:
        found = rulebook.active_rules(unit)
    return {store: [(rule.name, rule.version_no) for rule in rules] for store, rules in found.items()}


def test_a_new_rule_is_a_draft_in_its_first_version(world: World) -> None:
    rule_id = save("  Put away ")
    row = world.one("SELECT name, state, store_id, position, version FROM rule")
    assert row == {"name": "Put away", "state": "draft", "store_id": None, "position": 0, "version": 1}
    assert versions(world, rule_id) == [(1, PUT_AWAY, "sam")]
    assert in_force() == {None: []}


def test_a_changed_text_makes_a_version_and_the_old_one_stays(world: World) -> None:
    rule_id = save("Put away", state="active")
    other = PUT_AWAY.replace("archive", "# why\narchive")
    assert save("Put away", rule_id, text=other, state="active") == rule_id
    assert versions(world, rule_id) == [(1, PUT_AWAY, "sam"), (2, other, "sam")]
    assert in_force() == {None: [("Put away", 2)]}


def test_another_name_place_or_switch_makes_no_version(world: World) -> None:
    rule_id = save("Put away", state="active")
    save("Put away early", rule_id, state="inactive", position=7, store_id=world.store.id)
    row = world.one("SELECT name, state, store_id, position, version FROM rule")
    assert row == {
        "name": "Put away early",
        "state": "inactive",
        "store_id": world.store.id,
        "position": 7,
        "version": 1,
    }
    assert versions(world, rule_id) == [(1, PUT_AWAY, "sam")]


def test_going_back_to_an_old_text_is_a_version_of_its_own(world: World) -> None:
    rule_id = save("Put away")
    save("Put away", rule_id, text=PUT_AWAY + "\n")
    save("Put away", rule_id, text=PUT_AWAY)
    assert [(number, text) for number, text, _ in versions(world, rule_id)] == [
        (1, PUT_AWAY),
        (2, PUT_AWAY + "\n"),
        (3, PUT_AWAY),
    ]


REFUSED = [
    ("", "A rule begins with the word `rule` and its name in quotes."),
    ('rule "x" route purchase_order to warehouse "NOWHERE" end', 'There is no warehouse "NOWHERE".'),
    ('rule "x" hold purchase_order end', "`hold` needs `until` or `for`."),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_text_with_a_mistake_is_not_saved(world: World, text: str, message: str) -> None:
    with pytest.raises(RuleError) as refused:
        save("Wrong", text=text, state="active")
    assert [problem.message for problem in refused.value.problems] == [message]
    assert world.rows("SELECT 1 FROM rule") == []


def test_a_mistake_in_a_change_leaves_the_version_in_force(world: World) -> None:
    rule_id = save("Put away", state="active")
    with pytest.raises(RuleError):
        save("Renamed", rule_id, text="rule", state="inactive")
    assert in_force() == {None: [("Put away", 1)]}
    assert world.one("SELECT name FROM rule") == {"name": "Put away"}


def test_a_rule_may_name_a_warehouse_that_exists_and_is_enabled(world: World) -> None:
    text = 'rule "x" route purchase_order to warehouse "EAST" end'
    save("To the east", text=text)
    world.run_sql("UPDATE warehouse SET rule_number = 7")
    with unit_of_work("look") as unit:
        known = rulebook.catalogue(unit)
    assert (known.warehouse_codes, known.warehouse_numbers, known.disabled_codes) == (
        frozenset({"EAST"}),
        frozenset({7}),
        frozenset(),
    )
    world.run_sql("UPDATE warehouse SET enabled = false")
    with unit_of_work("look") as unit:
        known = rulebook.catalogue(unit)
    assert (known.warehouse_codes, known.warehouse_numbers, known.disabled_codes) == (
        frozenset({"EAST"}),
        frozenset(),
        frozenset({"EAST"}),
    )


def test_a_rule_without_a_name_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="The rule has no name"):
        save("   ")
    assert world.rows("SELECT 1 FROM rule") == []


def test_the_rules_for_all_stores_run_first_then_the_stores_own_by_position(world: World) -> None:
    other = world.make.store()
    save("own late", state="active", store_id=world.store.id, position=9)
    save("own early", state="active", store_id=world.store.id, position=1)
    save("all late", state="active", position=50)
    save("all early", state="active", position=2)
    save("all early too", state="active", position=2)
    save("other", state="active", store_id=other.id)
    save("draft")
    save("switched off", state="inactive")
    everywhere = [("all early", 1), ("all early too", 1), ("all late", 1)]
    assert in_force() == {
        None: everywhere,
        world.store.id: [*everywhere, ("own early", 1), ("own late", 1)],
        other.id: [*everywhere, ("other", 1)],
    }


def test_a_stored_text_that_cannot_be_read_any_more_fails_its_orders_and_says_which_rule(world: World) -> None:
    rule_id = save("Of old", state="active")
    world.run_sql("UPDATE rule_version SET text = 'rule \"x\" do the dishes end' WHERE rule_id = %s", rule_id)
    world.order("PO-1")
    world.run()
    processing.work()
    order = world.po("PO-1")
    assert order["status"] == "error"
    assert "Rule Of old cannot be read any more" in order["status_reason"]
    assert "Mend it, then Reprocess." in order["status_reason"]


def test_a_rule_saved_by_somebody_else_meanwhile_is_not_overwritten(world: World) -> None:
    rule_id = save("Put away")
    opened = world.one("SELECT version_no FROM rule")["version_no"]
    save("Theirs", rule_id, version_no=opened)
    with pytest.raises(StaleRecord, match="Somebody saved this rule since you opened it"):
        save("Mine", rule_id, version_no=opened)
    assert world.one("SELECT name FROM rule") == {"name": "Theirs"}


def test_a_rule_that_is_not_there(world: World) -> None:
    with pytest.raises(NotFound, match="There is no such rule"):
        save("Put away", 10**9)
    with pytest.raises(NotFound, match="There is no such rule"):
        rulebook.delete(10**9, SYSTEM)


@pytest.mark.parametrize("role", [Role.PARTNER, Role.MERCHANT, Role.NOBODY])
def test_only_staff_may_touch_rules(world: World, role: Role) -> None:
    rule_id = save("Put away")
    reader = Reader(role, "x", 1, None, None)
    with pytest.raises(Refused, match="Only staff may change rules"):
        rulebook.save(rule_id, {"name": "Theirs", "text": EAST}, reader)
    with pytest.raises(Refused, match="Only staff may change rules"):
        rulebook.delete(rule_id, reader)
    assert versions(world, rule_id) == [(1, PUT_AWAY, "sam")]


def test_a_rule_that_judged_nothing_is_deleted_with_its_versions(world: World) -> None:
    rule_id = save("Put away")
    save("Put away", rule_id, text=PUT_AWAY + "\n")
    rulebook.delete(rule_id, SUPPORT)
    assert world.rows("SELECT 1 FROM rule") == world.rows("SELECT 1 FROM rule_version") == []


def test_a_rule_that_judged_orders_stays_for_their_history(world: World) -> None:
    rule_id = save("East", text=EAST, state="active")
    for number in ("PO-1", "PO-2"):
        world.order(number)
    world.run()
    processing.work()
    save("East", rule_id, text=EAST + "\n", state="inactive")
    with pytest.raises(Refused) as refused:
        rulebook.delete(rule_id, SUPPORT)
    assert refused.value.sentence() == (
        "Rule “East” judged 2 purchase orders. Set it to inactive instead: their history names it."
    )
    assert len(versions(world, rule_id)) == 2


def test_two_rules_of_one_store_cannot_share_a_name(world: World) -> None:
    save("Put away")
    save("Put away", store_id=world.store.id)
    with pytest.raises(Refused, match="There is a rule of that name already"):
        save("PUT AWAY")
    assert world.one("SELECT count(*) AS n FROM rule") == {"n": 2}


def test_a_rule_for_a_store_that_is_gone_says_so(world: World) -> None:
    with pytest.raises(Refused, match="its store is gone"):
        save("Put away", store_id=10**9)
    assert world.rows("SELECT 1 FROM rule") == []
