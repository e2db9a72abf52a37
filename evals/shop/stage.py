"""The demo's stage, with what an evaluation of faults needs beside it: a database server, a network and a model that
can be broken or counted apart from the product's own.
"""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from rig.demo.paths import Paths
from rig.demo.scenarios import Scenario
from rig.demo.stage import Stage
from rig.servers.model import KEY, MODEL, ModelServer
from rig.servers.postgres import PostgresServer
from rig.shop.link import Link
from rig.shop.routes import ORDERS
from rig.shop.shop import Shop

_HERE = Path(__file__).parent
_SCENARIO = Scenario(
    "faults of the shop", "one fault after another, and nobody fixes anything", "decided", 0.0,
    policy=_HERE / "policy.yaml", services=_HERE / "services.yaml",
)  # fmt: skip
PRICE = "2.50/10.00"
"""US dollars for a million tokens in and out: OpenAI's list price of gpt-4o. The stand-in costs nothing itself."""


class ShopStage(Stage):
    """The shop has a database server of its own, so that it can be stopped while the product's goes on."""

    def __init__(self, paths: Paths, console: Console, seed: int) -> None:
        super().__init__(paths, console, seed, _SCENARIO, known_ports=False)  # a demo may run beside it
        self.folder = paths.run
        self.shop_postgres = PostgresServer(paths.kept / "shop-postgres")
        self.model = ModelServer()

    @property
    def settings(self) -> Mapping[str, str]:
        """No detection of our own: incidents come from the shop's alert rules. A model that is counted."""
        return {
            **super().settings,
            "NIGHTSHIFT_DETECTION_EVERY_S": "0",
            "NIGHTSHIFT_MODEL": MODEL,
            "NIGHTSHIFT_MODEL_PRICES": f"{MODEL}={PRICE}",
            "OPENAI_BASE_URL": self.model.url,
            "OPENAI_API_KEY": KEY,
        }

    def start(self) -> None:
        """The demo's stage after these two."""
        self._up("PostgreSQL of the shop", self.shop_postgres)
        self._up("a stand-in for a language model", self.model)
        super().start()

    def _make_shop(self) -> Shop:
        shop = Shop(
            self._paths.run / "shop", self.shop_postgres.url(),
            elasticsearch_url=self.optional.elasticsearch_url, otlp_url=self.optional.otlp_url,
        )  # fmt: skip
        shop.link = Link(shop.port(ORDERS))
        return shop
