"""Where Datadog is, and by which keys it lets us in."""

from dataclasses import dataclass

from pydantic import SecretStr

_LABELS_OF_A_BARE_SITE = 2


@dataclass(frozen=True)
class DatadogPlace:
    """`site` such as datadoghq.eu; `url` another base address of the API, None: the site's."""

    api_key: SecretStr
    app_key: SecretStr
    site: str = "datadoghq.com"
    url: str | None = None

    @property
    def api(self) -> str:
        """Base address of the API."""
        return self.url or f"https://api.{self.site}"

    @property
    def pages(self) -> str:
        """Base address for people: app.datadoghq.com, but us3.datadoghq.com."""
        bare = len(self.site.split(".")) == _LABELS_OF_A_BARE_SITE
        return f"https://app.{self.site}" if bare else f"https://{self.site}"
