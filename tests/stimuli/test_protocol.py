"""The protocol file: what it may say, and one sentence for whatever it may not."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from stimuli.protocol import AccentuationTable, ProtocolError, difficulty_name, read_protocol

Write = Callable[..., Path]


def hypothesis(first: str, second: str = "chance", margin: str = "") -> str:
    """A hypothesis as it stands in the file."""
    rest = f"margin = {margin}\n" if margin else ""
    return f'[[analysis.hypotheses]]\nname = "H"\nfirst = "{first}"\nsecond = "{second}"\n{rest}'


def test_it_reads_a_protocol_with_its_text_and_hash(protocol_file: Write) -> None:
    path = protocol_file()
    read = read_protocol(path)
    assert read.protocol.slug == "cats"
    assert read.protocol.stimuli.features == ("logit=281", "blocks.4.2:channel=17")
    assert read.protocol.stimuli.accentuation == AccentuationTable(steps=3, crops=2)
    assert read.text == path.read_text()
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_difficulty_is_easy_or_a_percentile_and_has_a_name(protocol_file: Write) -> None:
    path = protocol_file(("references = 2", 'difficulties = [95, "easy", 97.5]'))
    difficulties = read_protocol(path).protocol.stimuli.difficulties
    assert difficulties == (95.0, "easy", 97.5)
    assert [difficulty_name(one) for one in difficulties] == ["95", "easy", "97.5"]


def test_the_accentuation_table_may_be_absent(protocol_file: Write) -> None:
    path = protocol_file(("[stimuli.accentuation]\nsteps = 3\ncrops = 2\n", ""))
    assert read_protocol(path).protocol.stimuli.accentuation == AccentuationTable()


def test_equivalence_of_two_conditions_needs_participants_who_meet_both(protocol_file: Write) -> None:
    def with_design(design: str, second: str) -> Path:
        conditions = f'[trials]\ndesign = "{design}"\nconditions = ["exemplars", "accentuation"]\n'
        claim = f'claim = "equivalent"\n{hypothesis("exemplars", second, "0.05").partition(chr(10))[2]}'
        return protocol_file(
            ('[trials]\nconditions = ["exemplars", "accentuation"]\n', f"[[analysis.hypotheses]]\n{claim}{conditions}")
        )

    for design, second in (("within", "accentuation"), ("between", "chance")):
        assert read_protocol(with_design(design, second)).protocol.trials.design == design
    with pytest.raises(ProtocolError, match="tested within participants"):
        read_protocol(with_design("between", "accentuation"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("seed = 7", "sed = 7", ["`sed` is not a known key", "`seed` is missing"]),
        ("seed = 7", "seed = -1", ["`seed`", "(found -1)"]),
        ("seed = 7", 'seed = "7"', ["`seed`: this must be a whole number (found '7')"]),
        ('slug = "cats"', 'slug = "Cats and dogs"', ["`slug`: only lower-case letters", "'Cats and dogs'"]),
        ('title = "Cats"', 'title = ""', ["`title`", "there must be text"]),
        ('title = "Cats"', 'title = "  "', ["`title`", "there must be text"]),
        ('title = "Cats"', 'title = "a\\u0000"', ["`title`", "without NUL"]),
        ('["logit=967"]', '["logit=967\\u0000"]', ["`stimuli.practice_features.0`"]),
        ('["logit=967"]', '"logit=967"', ["`stimuli.practice_features`: this must be a list (found 'logit=967')"]),
        ("seed = 7", "seed = " + 5000 * "7", ["a number in it has thousands of digits"]),
        ("seed = 7", "seed = 0x" + 5000 * "7", ["`seed`", "less than 9223372036854775808."]),
        ("seed = 7", "seed = " + 3000 * "[" + 3000 * "]", ["nested too deeply"]),
        ("references = 2", "references = 10", ["`stimuli.references`", "less than or equal to 9", "(found 10)"]),
        ("references = 2", "references = 0", ["`stimuli.references`", "greater than or equal to 1"]),
        ("references = 2", "batches = 0", ["`stimuli.batches`", "greater than or equal to 1"]),
        ("references = 2", "weak_references = 10", ["`stimuli.weak_references`", "less than or equal to 9"]),
        ("references = 2", "difficulties = []", ["`stimuli.difficulties`: this list must not be empty"]),
        ("references = 2", 'difficulties = "easy"', ["`stimuli.difficulties`: this must be a list (found 'easy')"]),
        ("references = 2", 'difficulties = ["hard"]', ['`stimuli.difficulties.0`: "easy" or a percentile above 50']),
        ("references = 2", "difficulties = [50]", ["`stimuli.difficulties.0`", "below 100", "(found 50)"]),
        ("references = 2", "difficulties = [true]", ["`stimuli.difficulties.0`", "(found True)"]),
        ("references = 2", "difficulties = [nan]", ["`stimuli.difficulties.0`", "(found nan)"]),
        ("references = 2", "difficulties = [95, 95.0]", ["`stimuli.difficulties`: each difficulty may be named once"]),
        ("steps = 3", "steps = 1", ["`stimuli.accentuation.steps`"]),
        ("crops = 2", "regularization = inf", ["`stimuli.accentuation.regularization`", "finite"]),
        ("steps = 3", "stpes = 3", ["`stimuli.accentuation.stpes` is not a known key"]),
        ('["logit=967"]', "[]", ["`stimuli.practice_features`: this list must not be empty"]),
        ('["logit=967"]', '["logit=281"]', ["`stimuli`", "each may be named once", "logit=281"]),
        ('["logit=967"]', '["logit = 967"]', ["`stimuli.practice_features.0`: a name without spaces"]),
        ("[instructions]", "[[instructions]]", ["`instructions`: this must be a table (found [{"]),
        ('title = "Cats"', "title = 3", ["`title`: this must be text in quotation marks (found 3)"]),
        ("steps = 3", 'learning_rate = "x"', ["`stimuli.accentuation.learning_rate`: this must be a number"]),
        ('["exemplars", "accentuation"]', '["exemplars", "hypnosis"]', ["`trials.conditions.1`", "'hypnosis'"]),
        ('["exemplars", "accentuation"]', '["exemplars", "exemplars"]', ["`trials.conditions`", "named once"]),
        ('[completion]\ntext = "Thank you."', "", ["`completion` is missing"]),
        ("[trials]", "[analysis]\nalpha = 0.6\n[trials]", ["`analysis.alpha`", "less than or equal to 0.5"]),
        ("[trials]", '[analysis]\nmain_test = "anova"\n[trials]', ["`analysis.main_test`", "'anova'"]),
        ("[trials]", '[analysis]\nrandom_effects = "none"\n[trials]', ["`analysis.random_effects`", "'none'"]),
        (
            "[trials]",
            "[analysis]\nmin_rt_ms = 3000\nmax_rt_ms = 200\n[trials]",
            ["`analysis`: `min_rt_ms` must be less than `max_rt_ms`"],
        ),
        (
            "[trials]",
            "[analysis.exclusions]\nmin_total_s = 200\nmax_total_s = 200\n[trials]",
            ["`analysis.exclusions`: `min_total_s` must be less than `max_total_s`"],
        ),
        (
            "[trials]",
            "[analysis.exclusions]\nmin_side_choices = 0\n[trials]",
            ["`analysis.exclusions.min_side_choices`"],
        ),
        ("[trials]", f"{hypothesis('none')}[trials]", ["`analysis.hypotheses` name what is not in", "none"]),
        (
            "[trials]",
            f"{hypothesis('chance', 'exemplars')}[trials]",
            ["`analysis.hypotheses.0`", "must be a condition"],
        ),
        ("[trials]", f"{hypothesis('exemplars', margin='0.1')}[trials]", ["`analysis.hypotheses.0`", "a `margin`"]),
        ("[trials]", 2 * hypothesis("exemplars") + "[trials]", ["`analysis.hypotheses`", "a `name` of its own"]),
    ],
)
def test_it_says_which_key_is_wrong(protocol_file: Write, old: str, new: str, expected: list[str]) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_protocol(protocol_file((old, new)))
    message = str(caught.value)
    assert all(part in message for part in expected)
    assert len(message.splitlines()) == max(1, sum("missing" in part or "not a known" in part for part in expected))


def test_it_says_of_a_feature_named_twice_no_more_than_needed(protocol_file: Write) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_protocol(protocol_file(('["logit=967"]', '["logit=281"]')))
    assert str(caught.value).endswith("`practice_features` and `catch_features` together: logit=281.")


def test_a_plan_of_the_analysis_is_read(protocol_file: Write) -> None:
    plan = hypothesis("accentuation", "exemplars") + "[analysis.exclusions]\nmin_side_choices = 5\n[trials]"
    read = read_protocol(protocol_file(("[trials]", plan))).protocol.analysis
    assert [(row.first, row.second, row.claim) for row in read.hypotheses] == [("accentuation", "exemplars", "greater")]
    assert (read.exclusions.min_side_choices, read.main_test, read.alpha) == (5, "mixed_model", 0.05)


def test_a_byte_order_mark_is_no_part_of_the_text(protocol_file: Write) -> None:
    path = protocol_file()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_protocol(path).protocol.slug == "cats"


def test_it_names_the_line_of_a_syntax_error(protocol_file: Write) -> None:
    with pytest.raises(ProtocolError, match=r"not valid TOML: .*line 2"):
        read_protocol(protocol_file(('title = "Cats"', 'title = "Cats')))


def test_it_says_that_the_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"absent\.toml cannot be read: No such file"):
        read_protocol(tmp_path / "absent.toml")


def test_it_says_that_the_file_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes('title = "Café"'.encode("latin-1"))
    with pytest.raises(ProtocolError, match="not UTF-8"):
        read_protocol(path)
