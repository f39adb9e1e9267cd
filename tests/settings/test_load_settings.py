"""Where a setting comes from, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from visavis.errors import SettingsError
from visavis.settings import Settings, load_settings


def load(tmp_path: Path, toml: str = "", flags: Any = None, **environ: str) -> Settings:
    path = tmp_path / "visavis.toml"
    path.write_text(toml)
    return load_settings(path, flags, environ=environ)


def test_flags_beat_environment_beats_file(tmp_path: Path) -> None:
    toml = '[http]\nport = 1\nhost = "::1"\n[agent]\nvoice = "file"'
    settings = load(
        tmp_path, toml, {"http": {"port": 3}}, VISAVIS_HTTP__PORT="2", VISAVIS_AGENT__VOICE="env"
    )
    assert (settings.http.port, settings.http.host, settings.agent.voice) == (3, "::1", "env")


def test_the_openai_names_are_read(tmp_path: Path) -> None:
    settings = load(tmp_path, OPENAI_API_KEY="sk-1", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert settings.models.openai.api_key is not None
    assert settings.models.openai.api_key.get_secret_value() == "sk-1"
    assert settings.models.openai.base_url == "http://127.0.0.1:9/v1"
    assert "sk-1" not in repr(settings)


def test_lists_in_the_environment(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        VISAVIS_NETWORK__UDP_PORTS="50000-50100",
        VISAVIS_NETWORK__PUBLIC_IPS="203.0.113.7, 2001:db8::1",
        VISAVIS_NETWORK__ICE_SERVERS='[{"urls":["turn:t"],"username":"u","credential":"c"}]',
        VISAVIS_ADMISSION__MAX_CALLS="3",
    )
    assert settings.network.udp_ports == (50000, 50100)
    assert settings.network.public_ips == ["203.0.113.7", "2001:db8::1"]
    assert settings.network.ice_servers[0].username == "u"
    assert settings.admission.max_calls == 3


@pytest.mark.parametrize(
    ("http", "media", "bound"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("localhost", None, "127.0.0.1"),
        ("0.0.0.0", None, "0.0.0.0"),
        ("0.0.0.0", "10.0.0.5", "10.0.0.5"),
    ],
)
def test_media_follows_http(tmp_path: Path, http: str, media: str | None, bound: str) -> None:
    flags = {"http": {"host": http}, "network": {"host": media}}
    assert load(tmp_path, flags=flags).media_network().host == bound


@pytest.mark.parametrize(
    ("toml", "flags", "environ", "says"),
    [
        ("[http]\nport = 99999", None, {}, r"http\.port \(from .*visavis.toml\) is 99999.*65535"),
        ("", {"http": {"port": "x"}}, {}, r"http\.port \(from a flag\) is 'x'.*integer"),
        ("", None, {"VISAVIS_HTTP__PORT": "x"}, r"http\.port \(from the environment\) is 'x'"),
        ("", None, {"VISAVIS_HTP__PORT": "1"}, r"VISAVIS_HTP__PORT.*no section 'htp'"),
        ("[http]\nprt = 1", None, {}, r"http\.prt .*not known.*host, port"),
        ("[htp]\nport = 1", None, {}, r"htp .*not known. Sections are: http"),
        ("[http\n", None, {}, "not valid TOML"),
        ("", None, {"VISAVIS_NETWORK__UDP_PORTS": "500-100"}, r"udp_ports.*first port"),
        ("", None, {"VISAVIS_NETWORK__UDP_PORTS": "many"}, r"udp_ports.*'many'.*integer"),
        ("", None, {"VISAVIS_NETWORK__PUBLIC_IPS": "1.2.3"}, r"public_ips.*'1\.2\.3'"),
        ("", None, {"VISAVIS_NETWORK__ICE_SERVERS": "[{"}, r"ice_servers"),
        ("", None, {"VISAVIS_ADMISSION__MAX_CALLS": "many"}, r"max_calls.*'many'.*'auto'"),
        ("", None, {"OPENAI_BASE_URL": "ftp://x"}, r"models\.openai\.base_url.*http://"),
        ("[models]\nllm = 'gpt'", None, {}, r"models\.llm.*'gpt'.*'embedded'"),
        ("[http]\ntls_cert = '/none'", None, {}, "belong together"),
        ("http = 5", None, {}, r"http .*is 5"),
    ],
)
def test_a_wrong_setting_is_explained(
    tmp_path: Path, toml: str, flags: Any, environ: dict[str, str], says: str
) -> None:
    with pytest.raises(SettingsError, match=says):
        load(tmp_path, toml, flags, **environ)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"cannot read /nowhere/v\.toml"):
        load_settings(Path("/nowhere/v.toml"), environ={})


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    wrong = [
        {"http": {"api_key": ["s3cret"]}},
        {"network": {"ice_servers": [{"urls": ["x:"], "credential": "s3cret"}]}},
        {"models": {"openai": {"api_key": {"a": "s3cret"}}}},
    ]
    for flags in wrong:
        with pytest.raises(SettingsError) as caught:
            load(tmp_path, flags=flags)
        assert "s3cret" not in str(caught.value)
