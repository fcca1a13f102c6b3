"""Two versions of a set: what changed, and whether more is allowed, over all traces."""

from pathlib import Path

import pytest
from tests.unit.policy.test_policy import DENY_MAIL, write

from aimds import policy
from aimds.errors import ConfigurationError


@pytest.mark.parametrize(
    ("old", "new", "widening", "narrowing"),
    [
        ("", "", "proved", "proved"),
        ("  deny\n", '  deny if c.args.subject contains "x"\n', "refuted", "proved"),
        ("amount > 100", "amount > 50", "unknown", "refuted"),
        ("amount > 100", "amount > 200", "refuted", "unknown"),
        ("{no_mail, large}", "{large, no_mail}", "proved", "proved"),
        ("{no_mail, large}", "{no_mail}", "refuted", "proved"),
        ("{no_mail, large} default allow", "{no_mail, large} default deny", "proved", "refuted"),
    ],
)
def test_each_direction_is_proved_or_refuted(tmp_path: Path, old: str, new: str, widening: str, narrowing: str) -> None:
    """A theorem, or a trace that shows the contrary; facts are matched by meaning, not by number.

    That 50 is below 100 lies inside a fact, where the proof does not look: such a step is unknown, never proved.
    """
    write(tmp_path, DENY_MAIL, "old.policy")
    write(tmp_path, DENY_MAIL.replace(old, new, 1) if old else DENY_MAIL, "new.policy")
    found = policy.diff(tmp_path / "old.policy", tmp_path / "new.policy")
    back = policy.diff(tmp_path / "new.policy", tmp_path / "old.policy")
    for one, other in ((found.no_widening, back.no_narrowing), (found.no_narrowing, back.no_widening)):
        assert one.how == other.how
        assert (one.leaves is not None, one.witness is not None) == (one.how == "proved", one.how == "refuted")
        assert bool(one.streams) == (one.how != "unknown")
    assert (found.no_widening.how, found.no_narrowing.how) == (widening, narrowing)
    assert found.same_schema


def test_changed_rules_are_named(tmp_path: Path) -> None:
    """Added, removed and changed, by name."""
    write(tmp_path, DENY_MAIL, "old.policy")
    text = DENY_MAIL.replace("amount > 100", "amount > 50").replace("no_mail", "never_mail")
    write(tmp_path, text, "new.policy")
    found = policy.diff(tmp_path / "old.policy", tmp_path / "new.policy")
    assert (found.added, found.removed, found.changed) == (("never_mail",), ("no_mail",), ("large",))
    with pytest.raises(ConfigurationError):
        policy.diff(tmp_path / "old.policy", tmp_path / "new.policy", "mine", "other")


def test_a_schema_that_changed_is_said(tmp_path: Path) -> None:
    """Then the theorem is about facts that other events may give."""
    old = DENY_MAIL.replace('import "schema.policy"', policy.shipped_source("schema")[1])  # type: ignore[index]
    write(tmp_path, old, "old.policy")
    write(tmp_path, old.replace('tag peer for "', 'tag peer for "*peer*", "'), "new.policy")
    found = policy.diff(tmp_path / "old.policy", tmp_path / "new.policy")
    assert (found.no_widening.how, found.same_schema) == ("proved", False)


def test_an_instance_with_other_arguments_is_listed(tmp_path: Path) -> None:
    """The text of an instance is that of its template; that an argument changed is a change all the same."""
    text = """import "schema.policy"
template limit(most: amount) {
  when call c to payments.transfer
  deny if c.args.amount > most
}
use limit(100) as large
use limit(500) as huge
set mine = {large, huge} default allow
"""
    write(tmp_path, text, "old.policy")
    write(tmp_path, text.replace("100", "50"), "new.policy")
    assert policy.diff(tmp_path / "old.policy", tmp_path / "new.policy", "mine", "mine").changed == ("large",)
    rules = policy.load(tmp_path / "old.policy").bundle.rules("mine")
    assert [rule["filled_in"] for rule in rules] == ["limit(100)", "limit(500)"]


def test_a_changed_constant_changes_the_rules_that_name_it(tmp_path: Path) -> None:
    """Their text is the same, their meaning is not; a rule that does not name it is as it was."""
    text = (
        'import "schema.policy"\nlet most = {most}\n'
        "policy few {{ when call c to email.send deny if count[0s, 1m] (call _ to email.send) > most }}\n"
        "policy none {{ when call c to http.post deny }}\nset s = {{few, none}} default allow\n"
    )
    old, new = tmp_path / "old.policy", tmp_path / "new.policy"
    old.write_text(text.format(most=5))
    new.write_text(text.format(most=9))
    found = policy.diff(old, new)
    assert (found.changed, found.added, found.removed) == (("few",), (), ())
