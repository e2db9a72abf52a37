"""What may the machine do by itself, who may decide, and who may call us?"""

from collections.abc import Iterator
from datetime import UTC, datetime

from config.adapters.store import own_store
from config.settings import Settings
from domain.allowed import allows
from domain.levels import Risk
from domain.policy import Policy
from domain.services import ServiceMap
from starter.access import is_loopback
from starter.doctor.check import Check, Doubt, blocking

GROUP = "policy"


def checks(settings: Settings, policy: Policy, services: ServiceMap) -> Iterator[Check]:
    """Mode, allow-list, approvers, pause, and the door for webhooks."""
    yield Check(
        GROUP, "automation", "max_risk_level and allow", "nothing is fixed automatically",
        "set max_risk_level and allow in NIGHTSHIFT_POLICY, when you trust what you have seen",
        blocking(lambda: _mode(policy, services)),
    )  # fmt: skip
    yield Check(
        GROUP, "approvers", "who may decide", "a plan that needs a person is never carried out",
        "list approvers in NIGHTSHIFT_POLICY", blocking(lambda: _approvers(policy)),
    )  # fmt: skip
    yield Check(
        GROUP, "claims", "what a name without proof decides",
        "whoever may write to the Temporal namespace approves in the name of any approver",
        "set claimed_identity_up_to in NIGHTSHIFT_POLICY, to OBSERVE where everybody can log in",
        blocking(lambda: _claims(settings, policy)),
    )  # fmt: skip
    if settings.database_url is not None:
        yield Check(
            GROUP, "pause", "people's stops", "nothing is fixed automatically",
            "nightshift resume-automation, once the store is well", blocking(lambda: _running(settings)),
        )  # fmt: skip
    yield Check(
        GROUP, "webhook token", "who may call", "alerts from other machines are refused",
        "set NIGHTSHIFT_WEBHOOK_TOKEN here and at the sender", blocking(lambda: _token(settings)),
    )  # fmt: skip


def _mode(policy: Policy, services: ServiceMap) -> str:
    if policy.max_risk_level is Risk.OBSERVE:
        raise Doubt("OBSERVE: a dry run, plans are shown and never carried out")
    if not policy.allow:
        raise Doubt(f"{policy.max_risk_level}, but the allow-list is empty, which allows nothing")
    unknown = [target for target in policy.allow if not _names_something(target, services)]
    if unknown:
        raise Doubt(f"{', '.join(unknown)} on the allow-list is no database or deployment of any service")
    return f"up to risk {policy.max_risk_level} on {', '.join(policy.allow)}"


def _names_something(entry: str, services: ServiceMap) -> bool:
    """Is there anything under care that the entry allows? Of a kind that we do not know nobody can tell."""
    if entry.startswith("database/"):
        return services.database(entry) is not None
    if entry.startswith("deployment/"):
        return any(s.deployment is not None and allows((entry,), s.deployment.target) for s in services.services)
    return True


def _approvers(policy: Policy) -> str:
    if not policy.approvers:
        raise Doubt("nobody is listed")
    return ", ".join(policy.approvers)


def _claims(settings: Settings, policy: Policy) -> str:
    limit = policy.claimed_identity_up_to
    if settings.people_file is not None and limit is Risk.HIGH:
        raise Doubt("people can prove who they are, and yet a claimed name decides on everything, up to risk HIGH")
    known = "" if settings.people_file is not None else "; nobody can log in (NIGHTSHIFT_PEOPLE)"
    return f"claimed_identity_up_to is {limit}{known}"


def _running(settings: Settings) -> str:
    store = own_store(settings)
    with store.pool:
        controls = store.guard.controls("", datetime.now(UTC))
    if controls.paused:
        raise Doubt(f"automation is paused: {controls.pause_reason}")
    if controls.frozen_until is not None:
        raise Doubt(f"automatic actions are frozen until {controls.frozen_until:%Y-%m-%d %H:%M} UTC")
    return "automation is not paused"


def _token(settings: Settings) -> str:
    if settings.webhook_token is not None:
        return "senders prove themselves by a bearer token"
    if is_loopback(settings.host):
        return "not set: only this machine may call"
    raise Doubt(f"not set: only this machine may call, though we listen on {settings.host}")
