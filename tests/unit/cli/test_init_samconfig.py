"""samconfig.toml in every form that SAM reads: kept, or refused with the part that init cannot keep."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondhop_cli.init.overrides import UnknownFormError, read_overrides, written
from secondhop_cli.init.parameter_files import UnreadableFileError
from secondhop_cli.init.samconfig import OWN_NAME, edit_samconfig, read_samconfig
from tests.installing import GOOD, Checkout

DEPLOY = "[default.deploy.parameters]\n"
OWN = {"ResourceTypes": "RDS,Aurora", "LogLevel": "DEBUG"}


# https://github.com/aws/aws-sam-cli/issues/2054 and samcli/cli/types.py, CfnParameterOverridesType.
@pytest.mark.parametrize(
    "value",
    [
        """ "ResourceTypes='RDS,Aurora' LogLevel='DEBUG'" """,
        """ 'ResourceTypes="RDS,Aurora" LogLevel="DEBUG"' """,
        """ "ResourceTypes=RDS,Aurora   LogLevel=DEBUG " """,
        """ "'ResourceTypes'=RDS,Aurora LogLevel=DEBUG" """,
        """ "ParameterKey=ResourceTypes,ParameterValue='RDS,Aurora' ParameterKey=LogLevel,ParameterValue=DEBUG" """,
        """ ["ResourceTypes='RDS,Aurora'", "LogLevel=DEBUG"] """,
        """ ["ParameterKey=ResourceTypes,ParameterValue='RDS,Aurora'", "LogLevel=DEBUG"] """,
        """ [["ResourceTypes=RDS,Aurora"], {LogLevel = "DEBUG"}] """,
        """ {ResourceTypes = ["RDS", " Aurora", ""], LogLevel = "DEBUG"} """,
        """ {ResourceTypes = "'RDS,Aurora'", LogLevel = "DEBUG"} """,
        '"""\\\n  ResourceTypes=RDS,Aurora \\\n  LogLevel=DEBUG"""',
    ],
)
@pytest.mark.parametrize("section", ["default.deploy.parameters", "default.global.parameters"])
def test_each_form_that_sam_reads_is_kept(value: str, section: str, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    (tmp_path / "samconfig.toml").write_text(f"[{section}]\nparameter_overrides = {value}\n[other.x]\ny = 1\n")

    assert checkout.init(dict(GOOD)).code == 0

    assert OWN.items() <= checkout.parameters("template").items()
    text = (tmp_path / "samconfig.toml").read_text()
    assert "'" not in tomllib.loads(text)["default"]["deploy"]["parameters"]["parameter_overrides"]
    assert tomllib.loads(text)["other"] == {"x": {"y": 1}}
    assert checkout.init({}).code == 0
    assert (tmp_path / "samconfig.toml").read_text() == text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("'LogLevel=DEBUG nonsense'", "'nonsense' is not of the form Key=Value"),
        ("'LogLevel=DEBUG ParameterKey=A,ParameterValue=b'", "'LogLevel=DEBUG' is not of the form"),
        ("'Log_Level=DEBUG'", "not of the form Key=Value"),
        ("['LogLevel=DEBUG', ' ']", "not of the form Key=Value"),
        ("'file://parameters.yaml'", "file://parameters.yaml is another file"),
        ("{'$include' = 'parameters.yaml'}", "$include names other files"),
        ("{LogLevel = {x = 1}}", "LogLevel is a table"),
        ("5", "5 is no text, list or table"),
        ("'''LogLevel=DEBUG\nObserveOnly=true'''", "'LogLevel' has a line break"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(value: str, words: str, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    (tmp_path / "samconfig.toml").write_text(f"{DEPLOY}parameter_overrides = {value}\n")
    before = checkout.texts()

    run = checkout.init(dict(GOOD))

    assert run.code == 2
    assert words in " ".join(run.complaints)
    assert checkout.texts() == before


@pytest.mark.parametrize(
    "text",
    [
        '[default."deploy".parameters]\ns3_prefix = "x"\n',
        '[default]\ndeploy.parameters.s3_prefix = "x"\n',
        f'{DEPLOY}"region" = "eu-west-1"\n',
        f"note = '''\n{DEPLOY}'''\n",
        'default = {deploy = {parameters = {region = "eu-west-1"}}}\n',
    ],
)
def test_a_file_that_init_would_spoil_is_left_as_it_is(text: str) -> None:
    with pytest.raises(UnreadableFileError, match="structure that init cannot edit"):
        edit_samconfig(text, stack_name="second-hop", region="eu-west-1", parameters=OWN)


@given(value=st.text(st.sampled_from("ab '\"\\,=$/äÖ{}"), max_size=8))
def test_a_value_is_written_as_sam_reads_it_or_not_at_all(value: str) -> None:
    try:
        edited = edit_samconfig("", stack_name="x", region="eu-west-1", parameters={"Own": value, **OWN})
    except UnreadableFileError:
        assert "\\" in value or "'" in value or '"' in value
    else:
        assert read_samconfig(edited)[1] == {"Own": value, **OWN}


@given(text=st.text(st.sampled_from("Ab1= '\"\\,"), min_size=1, max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = {}
    with suppress(UnknownFormError):
        found = read_overrides(text)
        assert found

    assert all(isinstance(value, str) for value in found.values())


def test_a_quote_that_does_not_end_is_refused_at_once() -> None:
    with pytest.raises(UnknownFormError):
        read_overrides('A="' + "x" * 10_000)


def test_quotes_inside_a_value_are_escaped_for_sam_and_for_toml() -> None:
    assert written({"Own": 'say "x"', "Empty": ""}) == [r"Own=\"say \\\"x\\\"\"", r"Empty=\"\""]


def test_the_file_of_the_release_stays_and_the_values_go_beside_the_other_parameters(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.with_samconfig_of_release()
    before = (tmp_path / "samconfig.toml").read_text()
    run = checkout.init({**GOOD, "stack_name": "my-hop"})

    assert run.code == 0
    assert "parameters/samconfig.toml: new" in run.said
    assert "sam deploy --config-file parameters/samconfig.toml" in run.said
    assert "with the parameters in parameters/samconfig.toml" in run.said
    assert (tmp_path / "samconfig.toml").read_text() == before
    assert read_samconfig((tmp_path / OWN_NAME).read_text())[0] == {"stack_name": "my-hop", "region": "eu-west-1"}
    again = checkout.init({"email": "dba@example.com"})
    assert again.code == 0
    assert "parameters/samconfig.toml: changed" in again.said
    assert checkout.parameters("template")["NotificationEmail"] == "dba@example.com"
    assert read_samconfig((tmp_path / OWN_NAME).read_text())[0] == {"stack_name": "my-hop", "region": "eu-west-1"}


@pytest.mark.parametrize("more", ['s3_bucket = "mine"', 'region = "eu-west-1"'])
def test_a_file_with_values_of_an_installation_is_edited_in_place(more: str, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.with_samconfig_of_release()
    checkout.edit("samconfig.toml", 's3_prefix = "second-hop"', f's3_prefix = "second-hop"\n{more}')
    run = checkout.init(dict(GOOD))

    assert "samconfig.toml: changed" in run.said
    assert "sam build && sam deploy)" in run.said
    assert more in (tmp_path / "samconfig.toml").read_text()
    assert not (tmp_path / OWN_NAME).exists()


def test_a_file_beside_the_parameters_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.with_samconfig_of_release()
    (tmp_path / "parameters").mkdir()
    (tmp_path / OWN_NAME).write_text("version = ")
    run = checkout.init(dict(GOOD))

    assert run.code == 2
    assert "parameters/samconfig.toml" in run.complaints[0]
    assert (tmp_path / OWN_NAME).read_text() == "version = "
