"""How long each kind of activity may take, and how often it is tried: by name, in one place."""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

from domain.advice.conduct import Step
from domain.plan import Plan
from workflows.contract import (
    ADVICE_QUEUE,
    ANALYSIS_QUEUE,
    DETECTION_QUEUE,
    INVESTIGATION_QUEUE,
    NOTIFICATION_QUEUE,
    REMEDIATION_QUEUE,
    TASK_QUEUE,
    TRAINING_QUEUE,
)


class Options(TypedDict, total=False):
    """The keyword arguments of an activity call that we set by name."""

    task_queue: str
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    schedule_to_start_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy
    cancellation_type: ActivityCancellationType


# The projection must arrive in the end, however long Postgres is away.
KEEP = Options(
    task_queue=TASK_QUEUE,
    start_to_close_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30)),
)
# What was held back and fires on must become an incident, however long Temporal is away.
REOPEN = Options(
    task_queue=TASK_QUEUE,
    start_to_close_timeout=timedelta(seconds=60),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30)),
)
# Answers that the incident can do without: two tries, then it goes on and says what is missing.
ASK = Options(
    task_queue=TASK_QUEUE,
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(maximum_attempts=2),
)
# Somebody waits for the answer: what cannot be checked by then is refused, and may be said again.
CHECK = Options(
    task_queue=TASK_QUEUE,
    start_to_close_timeout=timedelta(seconds=3),
    schedule_to_close_timeout=timedelta(seconds=8),
    retry_policy=RetryPolicy(maximum_attempts=3),
)
# A source gets 20 s twice. A worker that died shows by the timeout, so the whole stays under a minute.
INVESTIGATE = Options(
    task_queue=INVESTIGATION_QUEUE,
    start_to_close_timeout=timedelta(seconds=20),
    schedule_to_close_timeout=timedelta(seconds=50),
    retry_policy=RetryPolicy(maximum_attempts=2),
)


def look(seconds: float) -> Options:
    """As above, for a model that wants to see something, which has so many seconds left for it."""
    return Options(
        task_queue=INVESTIGATION_QUEUE,
        start_to_close_timeout=timedelta(seconds=min(seconds, 20)),
        schedule_to_close_timeout=timedelta(seconds=min(seconds, 50)),
        retry_policy=RetryPolicy(maximum_attempts=2),
    )


# Bounded as a whole too: without a worker for it no cause is named, and people are told.
RANK = Options(
    task_queue=ANALYSIS_QUEUE,
    start_to_close_timeout=timedelta(seconds=30),
    schedule_to_close_timeout=timedelta(minutes=3),
    retry_policy=RetryPolicy(maximum_attempts=5),
)
SAMPLE = Options(
    task_queue=INVESTIGATION_QUEUE,
    start_to_close_timeout=timedelta(seconds=15),
    schedule_to_close_timeout=timedelta(seconds=45),
    retry_policy=RetryPolicy(maximum_attempts=3),
)
AWAY = timedelta(days=1)
"""For so long an order waits for a worker that is away. Each try is short, and how many there are is bounded: only the
wait for somebody to begin is long, since a message that nobody sent and a target that nobody let go of stay so.
"""
# A dead channel must not hold back the next: that is tried beside it (workflows/clock.py).
SEND = Options(
    task_queue=NOTIFICATION_QUEUE,
    start_to_close_timeout=timedelta(seconds=20),
    schedule_to_close_timeout=AWAY,
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=4),
)
# What follows an incident: worth fewer tries, as the next message says it too.
FOLLOW = Options(
    task_queue=NOTIFICATION_QUEUE,
    start_to_close_timeout=timedelta(seconds=15),
    schedule_to_close_timeout=AWAY,
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3),
)
WRITE_UP = Options(
    task_queue=TASK_QUEUE,
    start_to_close_timeout=timedelta(seconds=60),
    schedule_to_close_timeout=timedelta(minutes=10),
    retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=30)),
)
# Looking at the target and asking the guard changes nothing outside, so it may be repeated.
PREPARE = Options(
    task_queue=REMEDIATION_QUEUE,
    start_to_close_timeout=timedelta(seconds=20),
    schedule_to_close_timeout=timedelta(seconds=60),
    retry_policy=RetryPolicy(maximum_attempts=5),
)
RELEASE = Options(
    task_queue=REMEDIATION_QUEUE,
    start_to_close_timeout=timedelta(seconds=20),
    schedule_to_close_timeout=AWAY,
    retry_policy=RetryPolicy(maximum_attempts=5),
)
# Tried once: the next cycle comes soon, and one that is late must not queue up behind it. A worker that died over one
# shard shows by its heartbeats, so that it does not hold up the cycle of all.
SWEEP = Options(
    task_queue=DETECTION_QUEUE,
    start_to_close_timeout=timedelta(seconds=90),
    schedule_to_close_timeout=timedelta(seconds=100),
    heartbeat_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(maximum_attempts=1),
)
# Hours, for thousands of series, and a worker that died shows by its heartbeats, which say how far it is. Bounded, as a
# round waits for all of its shards and the next one for the round: the table of forecasts says what is left for that.
TRAIN = Options(
    task_queue=TRAINING_QUEUE,
    start_to_close_timeout=timedelta(hours=12),
    schedule_to_close_timeout=timedelta(hours=12),
    heartbeat_timeout=timedelta(minutes=1),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=5), maximum_attempts=10
    ),
)
# Of one call of a language model: a good answer takes a few seconds, and people wait.
_LONGEST_CALL_S = 30.0
_AROUND_A_CALL = timedelta(seconds=10)


def call_seconds(step: Step) -> float:
    """How long one call of a language model may take."""
    return min(step.seconds, _LONGEST_CALL_S)


def consult(step: Step) -> Options:
    """One call, tried again where nothing was paid, as long as the consultation has time. A worker that died over it
    shows by its heartbeat: what it had kept is fetched, or the call given up, while there is time left.
    """
    return Options(
        task_queue=ADVICE_QUEUE,
        start_to_close_timeout=timedelta(seconds=call_seconds(step)) + _AROUND_A_CALL,
        schedule_to_close_timeout=timedelta(seconds=step.seconds) + _AROUND_A_CALL,
        heartbeat_timeout=timedelta(seconds=10),
        retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3),
    )


# Asked when a consultation is over, and the plan waits for it.
BILL = Options(
    task_queue=ADVICE_QUEUE,
    start_to_close_timeout=timedelta(seconds=3),
    schedule_to_close_timeout=timedelta(seconds=5),
    retry_policy=RetryPolicy(maximum_attempts=2),
)


def act(plan: Plan) -> Options:
    """An action: its own timeout for each try, a heartbeat so that a dead worker is noticed, and never abandoned."""
    return Options(
        task_queue=REMEDIATION_QUEUE,
        start_to_close_timeout=timedelta(seconds=plan.timeout_s),
        schedule_to_close_timeout=timedelta(seconds=5 * plan.timeout_s),
        heartbeat_timeout=timedelta(seconds=5),
        retry_policy=RetryPolicy(maximum_attempts=5),
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )
