"""Text from outside: templates, and what must never be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.redaction import LONGEST, name, outgoing, private, template

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("took 12.5ms for order 4711", "took <n>ms for order <n>"),
        ("couldn't get a connection after 1.50 sec", "couldn't get a connection after <n> sec"),
        ('no row in "customers" for id 7', "no row in <text> for id <n>"),
        ("from 10.1.2.3:5432 to fe80:0:0:0:1:2:3:4", "from <ip> to <ip>"),
        ("request 550e8400-e29b-41d4-a716-446655440000 failed", "request <id> failed"),
        ("at 0xdeadbeef, commit 9fceb02d0ae598e9", "at <hex>, commit <hex>"),
        ("mail to ana.b@example.com bounced", "mail to <email> bounced"),
        ("cannot reach postgresql://app:pw@db:5432/orders", "cannot reach <url>"),
        ("GET /orders failed: orders answered 503", "GET /orders failed: orders answered <n>"),
        ("http2 and utf8 stay", "http2 and utf8 stay"),
        ("line one\nline two\ttab", "line one line two tab"),
        ("", ""),
    ],
)
def test_what_differs_between_two_lines_is_masked(text: str, expected: str) -> None:
    assert template(text) == expected


@pytest.mark.parametrize(
    "secret", ["hunter2secret", "s3cr3t-Value", "AKIA1234567890ABCDEF1234", "correct-horse-battery"]
)
@pytest.mark.parametrize("form", ["password={}", "api_key: {}", "DB_PASSWORD='{}'", "token={}", "client_secret = {}"])
def test_secrets_are_masked(form: str, secret: str) -> None:
    assert secret not in template(f"login failed with {form.format(secret)} for somebody")


@pytest.mark.parametrize(
    "said",
    [
        "aws_secret_access_key={}", "secretAccessKey: {}", "secret_key={}", "DB_PASSWORD_PROD={}", "pass={}",
        "passphrase: {}", "token_value={}", "tokenValue={}", "authorization: token {}", "Authorization: Digest {}",
        '{{"password": "two {}"}}', '{{\\"password\\": \\"{}\\"}}', "credentials={}", "dbPass={}",
        "spring.datasource.production.europe.west.password={}", "-----BEGIN RSA PRIVATE KEY----- {}",
    ],
)  # fmt: skip
def test_a_field_that_opens_a_door_is_masked_however_it_is_called(said: str) -> None:
    for mask in (template, private, outgoing):
        assert "hunter2" not in mask(f"it failed: {said.format('hunter2')}")


@pytest.mark.parametrize("issued", ["AKIAIOSFODNN7EXAMPLE", f"ghp_{'a' * 36}", "sk-proj-abcdefghijklmnop1234"])
def test_what_a_vendor_issues_is_known_by_its_form(issued: str) -> None:
    for mask in (template, private, outgoing):
        assert mask(f"it failed with {issued}") == "it failed with <token>"


@pytest.mark.parametrize(
    "said",
    ["TokenService: connection refused", "checks that passed: none", "author: ana", "duplicate key: orders"],
)
def test_a_word_that_only_looks_like_one_stays(said: str) -> None:
    for mask in (template, private, outgoing):
        assert mask(said) == said


def test_bearer_and_web_tokens_are_masked() -> None:
    shown = template(f"Authorization: Bearer {TOKEN} and cookie {TOKEN}")
    assert "eyJ" not in shown


def test_two_lines_that_differ_in_numbers_only_are_one_template() -> None:
    assert template("query 17 took 3.2 s on 10.0.0.1") == template("query 99 took 11 s on 10.0.0.2")


def test_marks_that_turn_the_direction_of_text_do_not_pass() -> None:
    assert name("nightly\u202ereport\x00") == "nightly report"
    assert name("") == "(no name)"


@given(st.text(max_size=3000))
def test_a_template_is_one_short_line_whatever_comes_in(text: str) -> None:
    shown = template(text)
    assert len(shown) <= LONGEST
    assert shown.isprintable() or not shown
    assert "\n" not in shown


@given(st.from_regex(r"[a-z]{1,10}@[a-z]{1,10}\.(com|org)", fullmatch=True), st.text("abc ,;", max_size=20))
def test_no_mail_address_survives(address: str, around: str) -> None:
    assert address not in template(f"{around} {address} {around}")
