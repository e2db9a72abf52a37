"""What a plan does, in one sentence made of its parameters: never written by anybody else."""

from collections.abc import Mapping

Parameters = Mapping[str, str | int | float]


def ending_sessions(target: str, parameters: Parameters) -> str:
    """KILL_CONNECTIONS, as people are asked about it."""
    owner = f"{parameters['application'] or 'an unnamed application'} (role {parameters['role']})"
    return (
        f"End at most {parameters['cap']} sessions of {owner} in {target} "
        f"that have been idle for {parameters['idle_age_s']:g} s or longer."
    )


def rolling_back(target: str, parameters: Parameters) -> str:
    """ROLLBACK_DEPLOYMENT, as people are asked about it."""
    image = f" ({parameters['from_image']})" if parameters.get("from_image") else ""
    return f"Roll back {target} from revision {parameters['from_revision']}{image} to {parameters['revision']}."


def rolling_forward(target: str, parameters: Parameters) -> str:
    """ROLL_FORWARD, as people are asked about it."""
    return f"Roll {target} forward again to revision {parameters['revision']}: taking it back did not help."
