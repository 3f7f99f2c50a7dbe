"""The mistakes that people make in rules, as data: the words for each are beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable


def _compiled(rows: Iterable[tuple[str, str, str]]) -> tuple[tuple[re.Pattern[str], str, str], ...]:
    return tuple((re.compile(pattern), message, hint) for pattern, message, hint in rows)


# (what is written at the place of the error, the message, the hint); `\g<0>` is what was written.
SPELLINGS = _compiled(
    (
        (r"==", "Equality is one sign.", "Write `=` for numbers and dates, and `is` for text."),
        (r"!=", "`!=` is not an operator.", "Write `<>` for numbers and dates, and `is_not` for text."),
        (r"=>", "`=>` is not an operator.", "Write `>=`."),
        (r"=<", "`=<` is not an operator.", "Write `<=`."),
        (r"&&", "`&&` is not an operator.", "Write `and`; a single `&` joins texts."),
        (r"\|\|", "`||` is not an operator.", "Write `or`."),
        (r"!", "`!` is not an operator.", "Write `not`."),
        (r"[‘’'`]", "Text stands in double quotes.", 'Write "…".'),
        (r"[“”„]", "These are curly quotes.", 'Write straight ones: "…".'),
        (r";", "There are no semicolons.", "Line breaks and words end a statement."),
        (r"[{}]", "There are no braces.", "Blocks close with `end`."),
        (r"(?:else|ELSE|Else)\b", "`\\g<0>` is not a word of the language.", "Write `otherwise`."),
        (r"(?:elsif|elseif|elif)\b", "`\\g<0>` is not a word of the language.", "Write `otherwise_when`."),
        (r"if\b", "`if` is not a word of the language.", "Write `when … then … end`."),
        (r"(?<=\bis )(not|in)\b", "`is \\g<1>` is one word.", "Write `is_\\g<1>`."),
        # `on` alone may be a name, so the break comes after it.
        (r"(?<=\bis on )\S", "`is on` is one word.", "Write `is_on`."),
        (
            r"not\s+(?:in|matches|contains)\b",
            "`not` stands before the whole comparison.",
            "Write `not (… contains …)`.",
        ),
        (r"(starts|ends)\s+with\b", "`\\g<0>` is one word.", "Write `\\g<1>_with`."),
        (r"equals\b", "`equals` is not a word of the language.", "Write `is` for text, `=` for numbers and dates."),
        (r"includes?\b", "`\\g<0>` is not a word of the language.", "Write `contains`."),
        (
            r"(?!(?-i:[a-z_]))(?i:when|then|end|otherwise|rule|set|to|and|or|not|is|route|reject|accept|for|in|fail|hold)\b",
            "`\\g<0>` is not a word of the language.",
            "Keywords are lower case.",
        ),
        (r",\d{3}", "A number has no thousands separator.", "Write `1000` or `1000.50`."),
        (r"default\b", "`default` stands only at the top level of a rule.", "Move it out of the block."),
        (
            r"\|",
            "A capture inside a larger expression stands in parentheses.",
            "Write `(name | /…(?<name>…)…/ matches …)`.",
        ),
        (
            r"replace\b",
            "A replacement inside a larger expression stands in parentheses.",
            'Write `(replace /…/ with "…" in …)`.',
        ),
    )
)
# The same, where a character begins nothing that the language knows.
UNREADABLE = _compiled(
    (
        (r'"', "This text has no closing quote on its line.", 'Close it with `"`; a quote inside is `\\\\"`.'),
        (r"(\d+)d\b", "`\\g<0>` is not a duration.", "Days are written `\\g<1>D`."),
        (r"(\d+)w\b", "`\\g<0>` is not a duration.", "Weeks are written `\\g<1>W`."),
        (r"(\d+)y\b", "`\\g<0>` is not a duration.", "Years are written `\\g<1>Y`."),
        (r"(\d+)H\b", "`\\g<0>` is not a duration.", "Hours are written `\\g<1>h`."),
        (r"(\d+)S\b", "`\\g<0>` is not a duration.", "Seconds are written `\\g<1>s`."),
        (
            r"\d[\w.]*",
            "`\\g<0>` is not a number.",
            "Numbers look like `5` or `1.5`, durations like `30s 5m 4h 3D 2W 1M 1Y`.",
        ),
        (
            r"@\S*",
            "`\\g<0>` is not a date.",
            "Dates look like `@2026-01-15`, `@10:30`, `@monday`, `@january`, `@today` or `@now`.",
        ),
        (r"\$", "A variable needs a name.", "Write `$name`."),
    )
)

# (message, hint, rules that break in the same way). The parser's state at the break is what is compared.
EXAMPLES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "A rule begins with the word `rule` and its name in quotes.",
        'Write `rule "Route by country" … end`.',
        ("", "purchase_order", "when x is 1 then print 1 end", "rule", "rule name print 1 end", "route purchase_order"),
    ),
    (
        "The rule has no statement.",
        "Write at least one between its name and `end`.",
        ('rule "a" end', 'rule "a" inactive end'),
    ),
    (
        "There is text after the `end` of the rule.",
        "Remove it, or look for an `end` too many; a stored rule is one rule.",
        ('rule "a" print 1 end end', 'rule "a" print 1 end print 2', 'rule "a" print 1 end rule "b" print 1 end'),
    ),
    (
        "The condition is not followed by `then`.",
        "Write `when … then … end`; join conditions by `and` or `or`.",
        ('rule "a" when x is 1 print 1 end end', 'rule "a" when x print 1 end end', 'rule "a" when (x is 1) end end'),
    ),
    (
        "`otherwise_when` needs a condition and `then`.",
        "Write `otherwise_when … then`.",
        ('rule "a" when x then print 1 otherwise_when y print 1 end end',),
    ),
    (
        "A comparison has two sides only.",
        "Join two comparisons by `and`: `1 < x and x < 5`.",
        ('rule "a" when 1 < x < 5 then print 1 end end', 'rule "a" when x is y is z then print 1 end end'),
    ),
    (
        "`is` is followed by a value.",
        "Write `is_not`, `is_in` and `is_on` as one word.",
        ('rule "a" when x is not 1 then print 1 end end', 'rule "a" when x is in y then print 1 end end'),
    ),
    (
        "The target of `set` is not followed by `to`.",
        'Write `set purchase_order.notes to "…"`.',
        (
            'rule "a" set x = 1 end',
            'rule "a" set x 1 end',
            'rule "a" set $x = 1 end',
            'rule "a" set $x 1 end',
            'rule "a" set x.y as 1 end',
        ),
    ),
    (
        "`set` needs a field or a $variable.",
        "Write `set purchase_order.notes to …` or `set $name to …`.",
        ('rule "a" set to 1 end', 'rule "a" set "x" to 1 end', 'rule "a" set 1 to 1 end'),
    ),
    (
        "A value is given to a variable by `set`.",
        "Write `set $name to …`.",
        ('rule "a" $x = 1 end', 'rule "a" print 1 $x = 1 end'),
    ),
    (
        "`route` goes `to warehouse`.",
        'Write `route purchase_order to warehouse "EAST"`.',
        (
            'rule "a" route x "E" end',
            'rule "a" route x warehouse "E" end',
            'rule "a" route x to "E" end',
            'rule "a" route to warehouse 1 end',
        ),
    ),
    (
        "`hold` needs `until` or `for`.",
        "Write `hold purchase_order until @monday` or `hold purchase_order for 4h`.",
        ('rule "a" hold x end', 'rule "a" hold x 4h end', 'rule "a" hold x to @monday end'),
    ),
    (
        "`fail` needs a message.",
        'Write `fail purchase_order with "…"`.',
        ('rule "a" fail x end', 'rule "a" fail x "no" end'),
    ),
    (
        "The name of the record is missing.",
        "Write `purchase_order` or `purchase_order_item`.",
        (
            'rule "a" reject end',
            'rule "a" accept end',
            'rule "a" archive end',
            'rule "a" fail with "x" end',
            'rule "a" hold until @now end',
            'rule "a" default reject end',
        ),
    ),
    (
        "`default` is followed by `accept` or `reject`.",
        "Write `default reject purchase_order_item`.",
        ('rule "a" default x end',),
    ),
    (
        "The loop is not complete.",
        "Write `for purchase_order_items in purchase_order … end`.",
        (
            'rule "a" for each x in y print 1 end end',
            'rule "a" for x print 1 end end',
            'rule "a" for x in print 1 end end',
            'rule "a" for print 1 end end',
            'rule "a" for /a/ x print 1 end end',
        ),
    ),
    (
        "The accumulator is not complete.",
        'Write `name: sum …`, `count …`, `min …`, `max …` or `join …, ", "`.',
        (
            'rule "a" accumulate x in y total sum z end end',
            'rule "a" accumulate x in y total: avg z end end',
            'rule "a" accumulate x in y end end',
            'rule "a" accumulate x in y total: z end end',
            'rule "a" accumulate x in y t: join z end end',
        ),
    ),
    (
        "`accumulate` needs a collection and its record.",
        "Write `accumulate purchase_order_items in purchase_order … end`.",
        ('rule "a" accumulate x total: sum y end end', 'rule "a" accumulate total: sum y end end'),
    ),
    (
        "`has` is followed by `any`, `all`, `none` or `no`.",
        "Write `purchase_order has any purchase_order_items with (…)`.",
        (
            'rule "a" when x has y with (z) then print 1 end end',
            'rule "a" when x has 3 y with (z) then print 1 end end',
        ),
    ),
    (
        "The condition of `has` stands in parentheses after `with`.",
        "Write `purchase_order has any purchase_order_items with (…)`.",
        (
            'rule "a" when x has any y then print 1 end end',
            'rule "a" when x has any y with z is 1 then print 1 end end',
            'rule "a" when x has any y (z is 1) then print 1 end end',
        ),
    ),
    (
        "`matches` is followed by a pattern between slashes.",
        "Write `… matches /^SKU-[0-9]+$/`; a slash inside is `\\/`.",
        (
            'rule "a" when x matches "y" then print 1 end end',
            'rule "a" when x matches y then print 1 end end',
            'rule "a" when x matches /y then print 1 end end',
        ),
    ),
    (
        "A condition stands here in parentheses.",
        "Write `print (a is b)`.",
        ('rule "a" print x is 1 end', 'rule "a" print x matches /a/ end', 'rule "a" print x > 1 end'),
    ),
    (
        "`before` and `after` follow a duration.",
        "Write `3D before purchase_order.due_date`, and compare dates by `<` and `>`.",
        (
            'rule "a" when x before y then print 1 end end',
            'rule "a" when x after y then print 1 end end',
            'rule "a" print x before y end',
        ),
    ),
    (
        "`replace` is not complete.",
        'Write `replace /_/ with "-" in purchase_order.number`.',
        (
            'rule "a" set x to replace "_" with "-" in y end',
            'rule "a" set x to replace /_/ in y end',
            'rule "a" set x to replace /_/ with "-" end',
        ),
    ),
    (
        "`as` is followed by `number`, `text`, `date` or `boolean`.",
        "Write `total as text`.",
        ('rule "a" print x as end', 'rule "a" print x as string end', 'rule "a" print x as int end'),
    ),
    (
        "A name is missing after the dot.",
        "Write `purchase_order.notes`.",
        ('rule "a" print x. end', 'rule "a" print x.5 end', 'rule "a" print x."y" end'),
    ),
    (
        "A closing parenthesis is missing.",
        "Each `(` has its `)`.",
        (
            'rule "a" when (x is 1 then print 1 end end',
            'rule "a" print round(x end',
            'rule "a" print (x end',
            'rule "a" print round(x, 1 end',
        ),
    ),
    ("A closing bracket is missing.", "Each `[` has its `]`.", ('rule "a" print x["y" end', 'rule "a" print x[1 end')),
    (
        "`add` is not complete.",
        "Write `add 1 item to purchase_order_items in purchase_order set item.sku to … end`.",
        (
            'rule "a" add 1 to x in y end end',
            'rule "a" add 1 item x in y end end',
            'rule "a" add 1 item to x end end',
            'rule "a" add 1 item to x in y set sku to 1 end end',
            'rule "a" add 1 item to x in y set item to 1 end end',
        ),
    ),
    (
        "A value is missing here.",
        "A value is a text, a number, a date, a field, a $variable or a function.",
        (
            'rule "a" print end',
            'rule "a" when x is then print 1 end end',
            'rule "a" when then print 1 end end',
            'rule "a" print 1 + end',
            'rule "a" when x and then print 1 end end',
            'rule "a" set x to end',
            'rule "a" when not then print 1 end end',
            'rule "a" print x & end',
            'rule "a" print 1 * end',
            'rule "a" print - end',
            'rule "a" print ( end',
            'rule "a" print x[ end',
            'rule "a" print 3D before end',
        ),
    ),
)
