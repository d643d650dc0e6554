"""Many recovery points arrive at once: slots do not stay free while chains wait, and work grows with their number."""

from __future__ import annotations

from datetime import timedelta

from backup_simulator import World
from backup_simulator.model import Job
from rehearsal.stage import DR, Stage

# A job's event is delivered within five minutes; the look that it wakes is in the queue for seconds.
EVENT_DELAY = timedelta(minutes=5, seconds=30)
SWEEP = timedelta(minutes=15)


def a_burst(databases: int, *, limit: int, deaths: int = 0) -> tuple[Stage, list[Job]]:
    """One night of backups that all start together; the stage at its end, and our copies of it, by their start.

    After the first copies have ended, the actor dies so often before it can wake a chain.
    """
    stage = Stage(World(), parameters={"MaximumRdsCopies": str(limit)})
    for number in range(databases):
        stage.add_database("RDS", f"db-{number}", size_gib=1)
    while not any(job.state == "COMPLETED" for job in second_hops(stage)):
        stage.world.run_for(timedelta(minutes=5))
    for plan in stage.world.plans.values():
        plan.ended = True
    if deaths:
        stage.world.faults.die("sqs", "SendMessageBatch", times=deaths)
    stage.world.run_for(timedelta(days=1))
    jobs = second_hops(stage)
    assert {job.state for job in jobs} == {"COMPLETED"}
    assert len(jobs) == databases
    return stage, jobs


def second_hops(stage: Stage) -> list[Job]:
    jobs = (job for job in stage.world.copy_jobs() if f":{DR}:" in job.destination_vault_arn)
    return sorted(jobs, key=lambda job: job.created_at)


def free_times(jobs: list[Job], *, limit: int) -> list[timedelta]:
    """For how long a slot was free before each copy that had to wait for one."""
    ends = sorted(job.completed_at for job in jobs if job.completed_at is not None)
    return [job.created_at - ended for job, ended in zip(jobs[limit:], ends, strict=False)]


def test_a_freed_slot_is_taken_within_the_delay_of_one_event() -> None:
    stage, jobs = a_burst(60, limit=10)

    assert max(free_times(jobs, limit=10)) <= EVENT_DELAY
    assert stage.oracle().violations() == []


def test_a_slot_that_was_freed_by_an_actor_that_died_is_taken_after_the_next_sweep() -> None:
    stage, jobs = a_burst(4, limit=1, deaths=1)

    assert EVENT_DELAY < max(free_times(jobs, limit=1)) <= SWEEP + EVENT_DELAY
    assert stage.oracle().violations() == []
