"""How a source that has no client package lets us in."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from integrations.login import Login

_TENANT = "X-Scope-OrgID"


@dataclass(frozen=True)
class Access:
    """A login or a bearer token, not both; `tenant` is whose data is asked for, where one server has several's."""

    login: Login | None = None
    token: SecretStr | None = None
    tenant: str | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """What goes with each request, besides the login."""
        bearer = {"Authorization": f"Bearer {self.token.get_secret_value()}"} if self.token else {}
        return {**bearer, **({_TENANT: self.tenant} if self.tenant else {})}
