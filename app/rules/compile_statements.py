"""Compiling statements: blocks, conditions with their trace, loops, and what a rule does to a purchase order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.rules import statements as st
from app.rules import syntax as sx
from app.rules.closures import Compile, Effect, Value
from app.rules.compile_actions import ACTIONS
from app.rules.compile_conditions import tested
from app.rules.compile_patterns import guarded, subject
from app.rules.compile_totals import accumulate
from app.rules.patterns import compile_pattern
from app.rules.places import spelled
from app.rules.run import Run
from app.rules.trace import ConditionText
from app.rules.values import cut
from app.rules.walk import children, descendants

_MOST_LEAVES = 12


class BlockCompiler:
    """Compiles statements of one rule's text; `compile_` compiles the expressions in them."""

    def __init__(self, text: str, compile_: Compile) -> None:
        self._text = text
        self._compile = compile_
        self._table: Mapping[type, Callable[[Any], Effect]] = {
            st.When: self._when,
            st.For: self._for,
            st.ForMatch: self._for_match,
            st.Accumulate: lambda node: accumulate(node, self._compile),
        }

    def block(self, statements: Sequence[st.Statement]) -> Effect:
        """The closure that does the statements one after the other."""
        effects = [self._statement(statement) for statement in statements]
        if len(effects) == 1:
            return effects[0]

        def run_block(run: Run) -> None:
            for effect in effects:
                effect(run)

        return run_block

    def _statement(self, node: st.Statement) -> Effect:
        compiled = self._table.get(type(node))
        return compiled(node) if compiled else ACTIONS[type(node)](node, self._compile)

    def _when(self, node: st.When) -> Effect:
        branches = [(self._probe(branch.condition), self.block(branch.body)) for branch in node.branches]
        otherwise = self.block(node.otherwise) if node.otherwise else None
        if len(branches) == 1 and otherwise is None:
            return _only(*branches[0])

        def choose(run: Run) -> None:
            for test, body in branches:
                if test(run):
                    body(run)
                    return
            if otherwise is not None:
                otherwise(run)

        return choose

    def _probe(self, condition: sx.Expression) -> Callable[[Run], bool]:
        """The condition, which leaves its result and the values it saw in the trace while there is room."""
        test = tested(condition, self._compile)
        leaves = _leaves(condition)
        text = ConditionText(condition.span.line, self._shown(condition), tuple(spelled_leaf(leaf) for leaf in leaves))
        readers = [self._compile(leaf) for leaf in leaves]
        values = _values(readers)

        def probe(run: Run) -> bool:
            trace = run.trace
            if trace.room <= 0:
                trace.skipped += 1
                return test(run)
            result = test(run)
            trace.room -= 1
            trace.conditions.append((text, result, run.item, values(run), run.take_notes() if run.notes else ()))
            return result

        return probe

    def _shown(self, condition: sx.Expression) -> str:
        return cut(" ".join(self._text[condition.span.start : condition.span.end].split()))

    def _for(self, node: st.For) -> Effect:
        body, weight, line = self.block(node.body), _weight(node), node.span.line

        def loop(run: Run) -> None:
            outer, left_out = run.item, run.left_out
            for item in run.live_items():
                run.steps -= weight
                if run.steps < run.checkpoint:
                    run.look_at_the_clock(line)
                # The loop may have left out a line that it has not reached yet.
                if not left_out or item["key"] not in left_out:
                    run.item = item
                    body(run)
            run.item = outer

        return loop

    def _for_match(self, node: st.ForMatch) -> Effect:
        body, weight, line = self.block(node.body), _weight(node), node.span.line
        value, pattern = self._compile(node.subject), compile_pattern(node.pattern)

        def loop(run: Run) -> None:
            text = value(run)
            if text is None:
                return
            found = guarded(node, run, subject(node, text), lambda known: list(pattern.every(known)))
            for match in found:
                run.spend(weight, line)
                run.names.update({name: part or None for name, part in match.groupdict().items()})
                body(run)

        return loop


def _only(test: Callable[[Run], bool], body: Effect) -> Effect:
    def choose(run: Run) -> None:
        if test(run):
            body(run)

    return choose


def _values(readers: Sequence[Value]) -> Callable[[Run], tuple[Any, ...]]:
    """The closure that gives what the readers read; the short forms are the common ones."""
    if len(readers) == 1:
        (only,) = readers
        return lambda run: (only(run),)
    if len(readers) == 2:
        first, second = readers
        return lambda run: (first(run), second(run))
    return lambda run: tuple([read(run) for read in readers])


def _weight(node: st.For | st.ForMatch) -> int:
    """The steps that one turn of a loop costs: about one for each statement in it."""
    return 1 + sum(isinstance(inner, st.Branch | st.Set | sx.Has | st.Add) for inner in descendants(node))


def _leaves(condition: sx.Expression) -> list[sx.Path | sx.Variable]:
    """The fields, names and variables whose values explain a condition, each once.

    What stands inside `has` belongs to many lines, and what stands in brackets may have been computed: both stay out.
    """
    found: dict[str, sx.Path | sx.Variable] = {}
    waiting: list[sx.Node] = [condition]
    while waiting and len(found) < _MOST_LEAVES:
        node = waiting.pop()
        if isinstance(node, sx.Variable) or (isinstance(node, sx.Path) and _is_plain(node)):
            found.setdefault(spelled_leaf(node), node)
        elif not isinstance(node, sx.Has | sx.Path):
            waiting.extend(reversed(list(children(node))))
    return list(found.values())


def _is_plain(path: sx.Path) -> bool:
    return all(isinstance(step, str | sx.Text) for step in path.steps)


def spelled_leaf(node: sx.Path | sx.Variable) -> str:
    """A field, name or variable as it is written."""
    return f"${node.name}" if isinstance(node, sx.Variable) else spelled(node)
