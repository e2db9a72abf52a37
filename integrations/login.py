"""User and password towards a system that asks for them, sent with each request and shown nowhere."""

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True)
class Login:
    """HTTP's basic authentication. The password hides from every text; links are made of addresses without it."""

    user: str
    password: SecretStr

    @property
    def pair(self) -> tuple[str, str]:
        """As HTTP clients take it."""
        return self.user, self.password.get_secret_value()
