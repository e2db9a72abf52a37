"""Settings: what is wrong is said in one line that names the variable, and never shows a secret."""

from pathlib import Path

import pytest

from config.adapters import sources
from config.adapters.people import channels
from config.errors import ConfigError
from config.services import load_services, own_queries
from config.settings import load_settings
from integrations.pagerduty import PagerDutyEvents, PagerDutyIncidents

SECRET = "hunter2hunter2"


def complaint(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as raised:
        load_settings()
    return str(raised.value)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PROMETHEUS_URL", "foo", "PROMETHEUS_URL: 'foo' is not an http(s) address"),
        ("JAEGER_URL", "ftp://x", "JAEGER_URL: 'ftp://x' is not an http(s) address"),
        ("ALERTMANAGER_URL", "http://x:port", "ALERTMANAGER_URL: 'http://x:port' is not an http(s) address"),
        ("TEMPORAL_ADDRESS", "temporal", "TEMPORAL_ADDRESS: 'temporal' is not host:port"),
        ("EMAIL_FROM", "nobody", "EMAIL_FROM: 'nobody' is not a mail address"),
        ("EMAIL_TO", "9=a@example.com", "EMAIL_TO: '9=a@example.com' does not begin with a tier"),
        ("NIGHTSHIFT_HOSTS", "starter:8000", "NIGHTSHIFT_HOSTS: 'starter:8000' is not the name of a host"),
        ("NIGHTSHIFT_PORT", "99999", "NIGHTSHIFT_PORT: '99999': Input should be less than or equal to 65535"),
        ("PAGERDUTY_FROM", "nobody", "PAGERDUTY_FROM: 'nobody' is not a mail address"),
        ("PAGERDUTY_SERVICE", "../users", "PAGERDUTY_SERVICE: '../users' is not an id such as 'PIJ90N7'"),
        ("PAGERDUTY_ESCALATION_POLICIES", "4=PABCDE1", "PAGERDUTY_ESCALATION_POLICIES: '4=PABCDE1' is neither one id"),
        ("PAGERDUTY_ESCALATION_POLICIES", "1=P/../1", "PAGERDUTY_ESCALATION_POLICIES: 'P/../1' is not an id"),
        ("PAGERDUTY_ESCALATION_POLICIES", "1=PABCDE1;1=PABCDE2", "PAGERDUTY_ESCALATION_POLICIES: '1=PABCDE1;1=PA"),
        ("NIGHTSHIFT_LOGS_FROM", "splunk", "NIGHTSHIFT_LOGS_FROM: 'splunk': Input should be 'elasticsearch'"),
        ("NIGHTSHIFT_LOGS_FROM", "loki", "LOKI_URL: is not set, and NIGHTSHIFT_LOGS_FROM is 'loki', which needs it"),
        ("NIGHTSHIFT_TRACES_FROM", "tempo", "TEMPO_URL: is not set, and NIGHTSHIFT_TRACES_FROM is 'tempo'"),
        ("LOKI_SERVICE_LABEL", 'a="b"', "LOKI_SERVICE_LABEL: 'a=\"b\"' is not the name of a label"),
        ("TEMPO_TENANT", "a\nb", "TEMPO_TENANT: 'a\\nb' is not the id of a tenant"),
    ],
)
def test_a_bad_value_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    assert complaint(monkeypatch, **{variable: value}).startswith(said)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", f"mysql://u:{SECRET}@host/db"),
        ("SMTP_URL", f"http://u:{SECRET}@host"),
        ("NIGHTSHIFT_WEBHOOK_TOKEN", SECRET),
        ("PAGERDUTY_WEBHOOK_SECRET", f"long-enough-to-be-one,{SECRET}"),
        ("PAGERDUTY_ROUTING_KEYS", f"1={SECRET}"),
        ("NIGHTSHIFT_CONNECTION_ORDERS", f"u:{SECRET}@host"),
        ("ELASTICSEARCH_URL", f"http://u:{SECRET}@host"),
        ("LOKI_LOGIN", SECRET),
    ],
)
def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    said = complaint(monkeypatch, **{variable: value})
    assert said.startswith(f"{variable}: ")
    assert SECRET not in said


def test_everything_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = complaint(monkeypatch, PROMETHEUS_URL="foo", NIGHTSHIFT_PORT="x", SMTP_URL="y")
    assert [line.partition(":")[0] for line in said.splitlines()] == ["PROMETHEUS_URL", "SMTP_URL", "NIGHTSHIFT_PORT"]


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_URL", "")
    monkeypatch.setenv("NIGHTSHIFT_WEBHOOK_TOKEN", "")
    monkeypatch.setenv("NIGHTSHIFT_CONNECTION_ORDERS", "")
    settings = load_settings()
    assert (settings.prometheus_url, settings.webhook_token, settings.connections) == (None, None, {})


def test_named_connections_are_found_by_their_name_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHIFT_CONNECTION_ORDERS_WATCH", f"postgresql://u:{SECRET}@host/db")
    settings = load_settings()
    assert settings.connections["orders_watch"].get_secret_value() == f"postgresql://u:{SECRET}@host/db"
    assert SECRET not in repr(settings)


def test_recipients_are_for_all_tiers_or_by_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAIL_TO", "a@example.com, b@example.com")
    assert load_settings().email_to == dict.fromkeys((1, 2, 3), ("a@example.com", "b@example.com"))
    monkeypatch.setenv("EMAIL_TO", "1=lead@example.com; 2=a@example.com,b@example.com")
    assert load_settings().email_to == {1: ("lead@example.com",), 2: ("a@example.com", "b@example.com")}


def test_a_base_address_loses_its_last_slash_so_that_paths_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHIFT_PUBLIC_URL", "https://nightshift.example.com/")
    assert load_settings().public_url == "https://nightshift.example.com"


def test_further_names_of_the_starter_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHIFT_HOSTS", "starter, nightshift.internal")
    assert load_settings().hosts == ("starter", "nightshift.internal")


def test_what_belongs_to_tiers_is_for_all_of_them_or_by_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGERDUTY_ESCALATION_POLICIES", "PABCDE1")
    assert load_settings().pagerduty_escalation_policies == dict.fromkeys((1, 2, 3), "PABCDE1")
    monkeypatch.setenv("PAGERDUTY_ESCALATION_POLICIES", "1=PABCDE1; 3=PABCDE3")
    monkeypatch.setenv("PAGERDUTY_ROUTING_KEYS", f"2={'k' * 32}")
    settings = load_settings()
    assert settings.pagerduty_escalation_policies == {1: "PABCDE1", 3: "PABCDE3"}
    assert {tier: key.get_secret_value() for tier, key in settings.pagerduty_routing_keys.items()} == {2: "k" * 32}
    assert "k" * 32 not in repr(settings)


def test_several_secrets_may_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGERDUTY_WEBHOOK_SECRET", "the-old-one-of-them, the-new-one-of-them")
    found = [secret.get_secret_value() for secret in load_settings().pagerduty_webhook_secret]
    assert found == ["the-old-one-of-them", "the-new-one-of-them"]


@pytest.mark.parametrize("missing", ["PAGERDUTY_FROM", "PAGERDUTY_SERVICE"])
def test_a_key_for_pages_without_what_every_page_needs_is_found_out_at_the_start(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    known = {"PAGERDUTY_API_KEY": SECRET, "PAGERDUTY_FROM": "n@example.com", "PAGERDUTY_SERVICE": "PIJ90N7"}
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    assert isinstance(channels(load_settings())[0], PagerDutyIncidents)
    monkeypatch.delenv(missing)
    with pytest.raises(ConfigError, match=f"^{missing}: is not set"):
        channels(load_settings())


def test_routing_keys_page_by_events_where_there_is_no_key_for_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGERDUTY_ROUTING_KEYS", "k" * 32)
    assert isinstance(channels(load_settings())[0], PagerDutyEvents)


LOKI, ELASTIC = {"LOKI_URL": "http://loki"}, {"ELASTICSEARCH_URL": "http://elastic"}
DATADOG = {"DD_API_KEY": SECRET, "DD_APP_KEY": SECRET}
TEMPO, JAEGER = {"TEMPO_URL": "http://tempo"}, {"JAEGER_URL": "http://jaeger"}


@pytest.mark.parametrize(
    ("variables", "logs", "traces"),
    [
        ({}, "NoneType", "NoneType"),
        ({**LOKI, **TEMPO}, "LokiLogs", "TempoTraces"),
        ({**ELASTIC, **JAEGER}, "ElasticsearchLogs", "JaegerTraces"),
        ({**LOKI, **ELASTIC, "NIGHTSHIFT_LOGS_FROM": "elasticsearch"}, "ElasticsearchLogs", "NoneType"),
        ({**LOKI, **ELASTIC, "NIGHTSHIFT_LOGS_FROM": "loki"}, "LokiLogs", "NoneType"),
        ({**LOKI, **DATADOG}, "LokiLogs", "NoneType"),
        ({**LOKI, **DATADOG, "NIGHTSHIFT_LOGS_FROM": "datadog"}, "DatadogLogs", "NoneType"),
        ({**TEMPO, **JAEGER, "NIGHTSHIFT_TRACES_FROM": "tempo"}, "NoneType", "TempoTraces"),
    ],
)
def test_each_kind_of_evidence_has_the_source_that_is_named_or_the_only_one(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], logs: str, traces: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (type(sources.logs(settings)).__name__, type(sources.traces(settings)).__name__) == (logs, traces)


def test_two_sources_of_a_kind_have_to_be_chosen_between(monkeypatch: pytest.MonkeyPatch) -> None:
    said = complaint(monkeypatch, **LOKI, **ELASTIC, **TEMPO, **JAEGER)
    assert said.splitlines() == [
        f"{variable}: is not set, and {addresses} are; say which of them is asked, {options}"
        for variable, addresses, options in (
            ("NIGHTSHIFT_LOGS_FROM", "ELASTICSEARCH_URL and LOKI_URL", "'elasticsearch' or 'loki'"),
            ("NIGHTSHIFT_TRACES_FROM", "JAEGER_URL and TEMPO_URL", "'jaeger' or 'tempo'"),
        )
    ]


@pytest.mark.parametrize("source", ["LOKI", "TEMPO"])
def test_a_login_and_a_token_are_one_too_many(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    said = complaint(monkeypatch, **{f"{source}_LOGIN": f"night:{SECRET}", f"{source}_TOKEN": SECRET})
    assert said.startswith(f"{source}_TOKEN: is set, and {source}_LOGIN is too")
    assert SECRET not in said


@pytest.mark.parametrize(
    ("variables", "metrics"),
    [
        (DATADOG, "NoneType"),
        ({**DATADOG, "PROMETHEUS_URL": "http://prometheus"}, "PrometheusMetrics"),
        ({**DATADOG, "PROMETHEUS_URL": "http://prometheus", "NIGHTSHIFT_METRICS_FROM": "datadog"}, "DatadogMetrics"),
    ],
)
def test_datadogs_keys_alone_do_not_make_it_a_source(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], metrics: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert type(sources.metrics(load_settings(), load_services(None))).__name__ == metrics


def test_datadog_needs_both_of_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    said = complaint(monkeypatch, DD_API_KEY=SECRET, NIGHTSHIFT_METRICS_FROM="datadog")
    assert said == "DD_APP_KEY: is not set, and NIGHTSHIFT_METRICS_FROM is 'datadog', which needs it"


def test_queries_for_another_source_are_those_that_the_services_file_names_itself(tmp_path: Path) -> None:
    """Not the default expressions, which are PromQL."""
    file = tmp_path / "services.yaml"
    expression = "{name: errors, kind: errors, query: 'sum:e{service:{service}}', unit: errors/s, floor: 1}"
    file.write_text(f"services: [{{name: orders, expressions: [{expression}]}}, {{name: gateway}}]")
    assert own_queries(load_services(file)) == (("orders", "sum:e{service:{service}}"),)
    assert own_queries(load_services(None)) == ()
