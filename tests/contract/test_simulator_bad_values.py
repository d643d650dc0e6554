"""Values that AWS Backup's model or documents do not allow, deep in a request too."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled
from tests.contract.test_simulator_plans import plan_of
from tests.simulated_place import Place, code_of

INVALID = "InvalidParameterValueException"


@pytest.mark.parametrize("name", ["", "with space", "n" * 51])
def test_names_of_plans_and_selections_are_checked(name: str) -> None:
    place = Place()
    plan = place.client.create_backup_plan(BackupPlan=plan_of())["BackupPlanId"]
    selection = {"SelectionName": name, "IamRoleArn": place.role, "Resources": ["*"]}
    with pytest.raises(ClientError) as no_plan:
        place.client.create_backup_plan(BackupPlan=plan_of(name=name))
    with pytest.raises(ClientError) as no_selection:
        place.client.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)

    assert [code_of(no_plan), code_of(no_selection)] == [INVALID, INVALID]


def test_a_page_has_at_most_a_thousand_entries() -> None:
    place = Place()
    with pytest.raises(ClientError) as refused:
        place.client.list_tags(ResourceArn=place.vault, MaxResults=1001)

    assert code_of(refused) == INVALID
    assert place.client.list_tags(ResourceArn=place.vault, MaxResults=1000)["Tags"] == {}


@pytest.mark.parametrize("name", ["isMpaEnabled", "isDelegatedAdministratorEnabled"])
def test_a_global_setting_that_is_not_modelled_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotModelled, match=name):
        Place().client.update_global_settings(GlobalSettings={name: "true"})
