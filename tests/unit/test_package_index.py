"""uv is told what pip was told about this machine."""

from pathlib import Path

from rig.package_index import uv_settings


def test_pips_variables_become_uvs(tmp_path: Path) -> None:
    settings = uv_settings(
        {
            "PIP_INDEX_URL": "https://mirror.example/simple",
            "PIP_CERT": "/etc/ca.pem",
            "PIP_FIND_LINKS": f"{tmp_path} /not/there",
        }
    )
    assert settings["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert settings["SSL_CERT_FILE"] == "/etc/ca.pem"
    assert settings["UV_FIND_LINKS"] == str(tmp_path)


def test_pips_file_is_read_and_a_variable_wins_over_it(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://file.example\nextra-index-url = https://more.example\n")
    settings = uv_settings({"PIP_CONFIG_FILE": str(file), "PIP_INDEX_URL": "https://variable.example"})
    assert settings["UV_DEFAULT_INDEX"] == "https://variable.example"
    assert settings["UV_INDEX"] == "https://more.example"


def test_what_was_set_for_uv_already_stays() -> None:
    settings = uv_settings({"PIP_INDEX_URL": "https://a.example", "UV_DEFAULT_INDEX": "https://b.example"})
    assert "UV_DEFAULT_INDEX" not in settings
